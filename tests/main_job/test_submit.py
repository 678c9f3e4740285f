"""A built job submitted to a pretended AWS; its children run here by the command that they were given."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml

from packager import assembly, evidence
from packager.invoke import job
from packager.targets.batch import aws
from tests.deploy.cloud import cloud
from tests.main_job import sources
from tests.main_job.commands import Done, build, packager

pytestmark = pytest.mark.network

BUCKET, OUTPUT = "rows", "s3://rows/out"
KEYS = {
    "AWS_ACCESS_KEY_ID": "of-no-account",
    "AWS_SECRET_ACCESS_KEY": "of-no-account",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Account:
    """An account with rows in a bucket and a queue, and an artifact to submit."""

    artifact: Path
    address: str
    role: str
    rows: int

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **KEYS}

    def client(self, service: str) -> Any:
        session = boto3.session.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
        return session.client(service, region_name="us-east-1", endpoint_url=self.address)

    def submit(self, *options: str, artifact: Path | None = None) -> Done:
        words = ("--input", f"s3://{BUCKET}/in/", "--output", OUTPUT, "--endpoint-url", self.address)
        place = artifact or self.artifact
        return packager(
            "submit", place, *words, "-o", "json", *options, cwd=place.parent, environment=self.environment
        )

    def command(self, identifier: str) -> list[str]:
        """What the container of a submitted job is started with."""
        (found,) = self.client("batch").describe_jobs(jobs=[identifier])["jobs"]
        container = found.get("container") or found["jobDefinition"]
        command: list[str] = container["command"]
        return command

    def run(self, command: list[str], **environment: str) -> None:
        """Do what the container does."""
        (target,) = evidence.read(self.artifact).configuration.targets
        here = assembly.on_this_machine(target, self.artifact)
        own = job.open_job(here.root, here.python, here.library)
        words = [str(own.python), str(self.artifact / "job"), *command]
        done = subprocess.run(
            words, env={**self.environment, **environment}, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr

    def keys(self) -> list[str]:
        listed = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="out/")
        return [row["Key"] for row in listed.get("Contents", [])]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submit")
    made = sources.forest(folder)
    report = build(made.model, "--name", "wine", "--target", "batch", *made.arguments, cwd=folder)
    (found,) = report["artifacts"]
    return folder / found["path"]


@pytest.fixture
def account(artifact: Path) -> Iterator[Account]:
    with cloud() as address:
        found = Account(artifact, address, "", 0)
        role = found.client("iam").create_role(RoleName="job", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        rows = _rows(artifact)
        body = pa.BufferOutputStream()
        pyarrow.parquet.write_table(rows, body, row_group_size=20)
        storage = found.client("s3")
        storage.create_bucket(Bucket=BUCKET)
        storage.put_object(Bucket=BUCKET, Key="in/rows.parquet", Body=bytes(body.getvalue()))
        _queue(found, role)
        yield Account(artifact, address, role, rows.num_rows)


def _rows(artifact: Path) -> pa.Table:
    """The wine measurements, one of them missing, under the names that the job asks for."""
    from sklearn.datasets import load_wine

    names = [
        row["name"]
        for row in json.loads((artifact / "job/manifest.json").read_bytes())["signature"]["features"]
    ]
    columns = load_wine(return_X_y=True)[0].T
    columns[0][7] = float("nan")
    return pa.table(dict(zip(names, columns.tolist(), strict=True)))


def _queue(account: Account, role: str) -> None:
    batch = account.client("batch")
    resources = {"type": "FARGATE", "maxvCpus": 4, **_network(account)}
    made = batch.create_compute_environment(
        computeEnvironmentName="fargate",
        type="MANAGED",
        state="ENABLED",
        serviceRole=role,
        computeResources=resources,
    )
    order = [{"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}]
    batch.create_job_queue(jobQueueName="queue", priority=1, state="ENABLED", computeEnvironmentOrder=order)


def _network(account: Account) -> dict[str, list[str]]:
    network = account.client("ec2")
    return {
        "subnets": [network.describe_subnets()["Subnets"][0]["SubnetId"]],
        "securityGroupIds": [network.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }


def _places(account: Account) -> tuple[str, ...]:
    roles = ("--execution-role", account.role, "--job-role", account.role, "--log-group", "/jobs")
    return ("--queue", "queue", "--image", "registry.example/wine:1", *roles)


SMALL = ("--", "--shard-rows", "20")


def test_a_lost_child_is_all_that_is_submitted_again(account: Account) -> None:
    looked = account.submit(*_places(account), "--array-size", "3", "--dry-run", *SMALL)
    assert (looked.exit_code, looked.document()["jobs"]) == (0, 3), looked.stderr
    assert account.keys() == []

    first = account.submit(*_places(account), "--array-size", "3", *SMALL).document()
    assert (first["kind"], first["left"]) == ("array", first["shards"])
    assert first["job_definition"].endswith(":job-definition/wine:1")
    for index in (0, 2):
        command = account.command(f"{first['identifier']}:{index}")
        account.run(command, AWS_BATCH_JOB_ARRAY_INDEX=str(index))

    second = account.submit("--queue", "queue", *SMALL).document()
    assert (second["kind"], second["plan"]) == ("job", first["plan"])
    assert second["job_definition"] == first["job_definition"] and not second["is_new_definition"]
    lost = list(range(1, first["shards"], 3))
    assert second["left"] == len(lost)
    command = account.command(second["identifier"])
    assert command[-2:] == ["--shards", ",".join(map(str, lost))]
    account.run(command)

    third = account.submit("--queue", "queue", *SMALL).document()
    assert (third["kind"], third["identifier"], third["status"]) == ("nothing", None, "complete")
    said = account.client("s3").get_object(Bucket=BUCKET, Key="out/_packager/manifest.json")["Body"].read()
    manifest = json.loads(said)
    assert manifest["rows_in"] == manifest["rows_out"] + manifest["dead_letters"] == account.rows

    part = {"Bucket": BUCKET, "Key": f"out/{manifest['parts'][1]['part']}"}
    before = account.client("s3").get_object(**part)["Body"].read()
    account.client("s3").delete_object(**part)
    fourth = account.submit("--queue", "queue", *SMALL).document()
    assert (fourth["kind"], fourth["left"]) == ("job", 1)
    account.run(account.command(fourth["identifier"]))
    assert account.client("s3").get_object(**part)["Body"].read() == before


def test_other_options_in_the_same_output_are_refused_by_the_job_itself(account: Account) -> None:
    account.run(account.command(account.submit(*_places(account), *SMALL).document()["identifier"]))
    other = account.submit("--queue", "queue", "--", "--keep", "none")
    assert other.exit_code == 19
    error = other.document()["error"]
    assert error["message"].startswith("the job cannot be planned: the output s3://rows/out is another job's")
    assert "name an empty output" in error["hint"]


def test_says_what_is_missing_with_an_exit_code_of_its_own(account: Account, tmp_path: Path) -> None:
    nowhere = account.submit()
    assert nowhere.exit_code == 19
    assert "there is no stack wine to take a job queue from" in nowhere.document()["error"]["message"]
    local = packager("submit", account.artifact, "--input", "in", "--output", OUTPUT, cwd=tmp_path)
    assert (local.exit_code, "in is not on S3" in local.stderr) == (3, True)
    folder = packager("submit", tmp_path, "--input", OUTPUT, "--output", OUTPUT, cwd=tmp_path)
    assert (folder.exit_code, "is not a batch job" in folder.stderr) == (12, True)


def test_a_job_that_cannot_be_planned_registers_and_writes_nothing(account: Account) -> None:
    for options, exit_code, said in (
        (("--", "--keep", "colour"), 19, "there is no column 'colour' to keep"),
        (("--", "--output", "s3://rows/elsewhere"), 3, "--output is one of packager's"),
    ):
        refused = account.submit(*_places(account), *options)
        assert (refused.exit_code, said in refused.document()["error"]["message"]) == (exit_code, True)
    assert account.client("batch").describe_job_definitions()["jobDefinitions"] == []
    assert account.keys() == []
    unmade = account.submit("--deploy", "--dry-run", "--image", "registry.example/wine:1")
    assert (unmade.exit_code, "a dry run makes no stack" in unmade.document()["error"]["message"]) == (
        19,
        True,
    )


def test_deploys_the_stack_and_starts_its_state_machine(account: Account, tmp_path: Path) -> None:
    artifact = tmp_path / "batch"
    shutil.copytree(account.artifact, artifact)
    _with_the_role_that_moto_asks_for(artifact / aws.TEMPLATE)
    network = _network(account)
    # moto does not know that a policy may be left out, so there is a registry and a key.
    around = ("Repository=wine", "KmsKeyArn=arn:aws:kms:us-east-1:123456789012:key/1")
    given = (f"Subnets={network['subnets'][0]}", f"SecurityGroups={network['securityGroupIds'][0]}", *around)
    parameters = [word for value in given for word in ("--parameter", value)]
    image = ("--image", "registry.example/wine:1")
    untold = account.submit("--deploy", *image, artifact=artifact)
    assert untold.exit_code == 19
    assert "is new and needs Subnets, SecurityGroups" in untold.document()["error"]["message"]

    deployed = account.submit("--deploy", *image, *parameters, "--state-machine", "stack", artifact=artifact)
    assert deployed.exit_code == 0, deployed.stderr
    found = deployed.document()
    assert (found["kind"], found["jobs"]) == ("execution", 1)
    (stack,) = account.client("cloudformation").describe_stacks(StackName="wine")["Stacks"]
    told = {row["ParameterKey"]: row["ParameterValue"] for row in stack["Parameters"]}
    assert (told["InputBucket"], told["InputPrefix"], told["OutputPrefix"]) == (BUCKET, "in/", "out/")
    machines = account.client("stepfunctions")
    started = json.loads(machines.describe_execution(executionArn=found["identifier"])["input"])
    assert (started["plan"], started["queue"]) == (found["plan"], found["queue"])
    items = account.client("s3").get_object(Bucket=BUCKET, Key=started["items"])["Body"].read()
    assert json.loads(items) == ["0"]


def _with_the_role_that_moto_asks_for(template: Path) -> None:
    """AWS takes one of its own by itself."""
    text = template.read_text()
    environment = "    Type: AWS::Batch::ComputeEnvironment\n    Properties:\n"
    assert environment in text and yaml.scan(text)
    template.write_text(
        text.replace(environment, f"{environment}      ServiceRole: !GetAtt ExecutionRole.Arn\n")
    )
