"""The stack of a batch job in a pretended AWS, and what that does not look at: rights, states, schemas.

This proves: every resource is made; the definition is registered as written; a job and the children of an
array are taken; the state machine is created, and its map over a real file of items runs (with the task that
submits jobs put aside, which the pretended Step Functions has not). Nothing runs in a container here.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.validate import validate_parameters

from packager.targets.batch import aws
from packager.targets.batch.target import Batch
from tests.deploy.cloud import cloud, regarding

STACK, BUCKET = "forest", "rows"
TARGETS = {
    "fargate_spot": Batch(),
    "fargate, arm64": Batch(arch="arm64", compute="fargate"),
    "ec2_spot": Batch(compute="ec2_spot", vcpus=4, memory_mb=8000),
    "ec2_spot, arm64": Batch(compute="ec2_spot", arch="arm64"),
}
PARAMETERS = {
    "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/models/forest@sha256:0",
    "Repository": "models/forest",
    "InputBucket": BUCKET,
    "InputPrefix": "in/",
    "OutputBucket": BUCKET,
    "OutputPrefix": "out/",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
}
# Actions that AWS lets nobody allow for a single resource.
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "batch:DescribeJobs"}


class _Yaml(yaml.SafeLoader):  # type: ignore[misc]
    """CloudFormation's short forms in their long form."""


def _function(loader: _Yaml, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag == "Ref" else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".") if tag == "GetAtt" else value}
    return {name: loader.construct_sequence(node, deep=True)}


_Yaml.add_multi_constructor("!", _function)


def files(target: Batch, name: str = "forest") -> dict[str, bytes]:
    return {file.dest: file.read() for file in aws.files(name, target)}


def template(target: Batch) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(files(target)[aws.TEMPLATE], _Yaml)
    return document


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-no-account")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with cloud() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        boto3.setup_default_session()
        yield address


def create(document: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """What was made by its logical id, and what the stack says of it."""
    network = boto3.client("ec2")
    own = {
        "Subnets": network.describe_subnets()["Subnets"][0]["SubnetId"],
        "SecurityGroups": network.describe_security_groups()["SecurityGroups"][0]["GroupId"],
        **PARAMETERS,
    }
    formation = boto3.client("cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(document),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in own.items()],
    )
    (stack,) = formation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    listed = formation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in listed}, outputs


def for_moto(document: dict[str, Any]) -> dict[str, Any]:
    """With the role that AWS takes by itself, and the pretended one insists on."""
    document["Resources"]["ComputeEnvironment"]["Properties"]["ServiceRole"] = {
        "Fn::GetAtt": ["ExecutionRole", "Arn"]
    }
    return document


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_everything_declared_is_created(address: str, target: Batch) -> None:
    document = for_moto(template(target))
    created, outputs = create(document)
    assert set(created) == set(document["Resources"])
    assert set(outputs) == set(document["Outputs"])
    batch = boto3.client("batch")
    (queue,) = batch.describe_job_queues(jobQueues=[outputs["JobQueue"]])["jobQueues"]
    (environment,) = batch.describe_compute_environments()["computeEnvironments"]
    assert queue["state"] == "ENABLED"
    kind = "SPOT" if target.compute == "ec2_spot" else target.compute.upper()
    assert environment["computeResources"]["type"] == kind


def test_the_stacks_definition_takes_jobs_and_arrays(address: str) -> None:
    _, outputs = create(for_moto(template(Batch())))
    batch = boto3.client("batch")
    (made,) = batch.describe_job_definitions(jobDefinitions=[outputs["JobDefinition"]])["jobDefinitions"]
    beside = json.loads(files(Batch())[aws.DEFINITION])
    assert made["containerProperties"]["image"] == PARAMETERS["Image"]
    assert made["containerProperties"]["executionRoleArn"] == outputs["ExecutionRole"]
    words = ("command", "resourceRequirements", "readonlyRootFilesystem", "mountPoints", "user")
    for word in words:
        assert made["containerProperties"][word] == beside["containerProperties"][word]
    array = batch.submit_job(
        jobName="forest", jobQueue=outputs["JobQueue"], jobDefinition=outputs["JobDefinition"],
        arrayProperties={"size": 4},
    )  # fmt: skip
    children = [
        job
        for state in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED")
        for job in batch.list_jobs(arrayJobId=array["jobId"], jobStatus=state)["jobSummaryList"]
    ]
    assert sorted(job["jobId"] for job in children) == [f"{array['jobId']}:{index}" for index in range(4)]


def test_the_state_machine_maps_over_the_items_in_the_bucket(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    regarding(address, {"stepfunctions": {"execute_state_machine": True}})
    monkeypatch.setenv("MOTO_PORT", address.rpartition(":")[2])  # where its own maps read items from
    storage = boto3.client("s3")
    storage.create_bucket(Bucket=BUCKET)
    storage.put_object(Bucket=BUCKET, Key="out/items.json", Body=json.dumps(["0-1", "2", "5-9"]))
    document = json.loads(files(Batch())[aws.MACHINE])
    # What the task would submit is let through as its answer instead.
    run = document["States"]["Shards"]["ItemProcessor"]["States"]["Run"]
    given = run["Parameters"]["ContainerOverrides"]
    document["States"]["Shards"]["ItemProcessor"]["States"]["Run"] = {
        "Type": "Pass", "Parameters": given, "End": True,
    }  # fmt: skip
    document["States"]["Shards"] |= {"ResultPath": "$.submitted"}
    finish = document["States"]["Finish"]["Parameters"]["ContainerOverrides"]
    document["States"]["Finish"] = {
        "Type": "Pass", "Parameters": finish, "ResultPath": "$.finish", "End": True,
    }  # fmt: skip
    machines = boto3.client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/maps"
    machine = machines.create_state_machine(name="maps", definition=json.dumps(document), roleArn=role)
    given = {
        "plan": f"s3://{BUCKET}/out/plan.json", "bucket": BUCKET, "items": "out/items.json",
        "queue": "forest", "definition": "forest",
    }  # fmt: skip
    started = machines.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given))
    ended = _ended(machines, started["executionArn"])
    assert ended["status"] == "SUCCEEDED", ended
    answer = json.loads(ended["output"])
    plan = ["run", "--plan", given["plan"]]
    commands = [row["Command"] for row in answer["submitted"]]
    assert commands == [[*plan, "--shards", item] for item in ("0-1", "2", "5-9")]
    assert answer["finish"] == {"Command": plan}


def _ended(machines: Any, execution: str) -> dict[str, Any]:
    import time

    while True:
        found: dict[str, Any] = machines.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.05)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_linter_accepts_the_template_as_it_is(target: Batch, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_bytes(files(target)[aws.TEMPLATE])
    code = "from cfnlint.runner import main; main()"
    command = [sys.executable, "-c", code, "--regions", "us-east-1", "--template", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_template_and_the_definition_beside_it_say_the_same(target: Batch) -> None:
    written = json.dumps(template(target)["Resources"]["JobDefinition"]["Properties"])
    beside = json.dumps(json.loads(files(target)[aws.DEFINITION]))
    places = {
        '{"Ref": "Image"}': "IMAGE",
        '{"Fn::GetAtt": ["ExecutionRole", "Arn"]}': "EXECUTION_ROLE_ARN",
        '{"Fn::GetAtt": ["JobRole", "Arn"]}': "JOB_ROLE_ARN",
        '{"Ref": "Log"}': "LOG_GROUP",
        '{"Ref": "PublicIp"}': "DISABLED",
        '{"Ref": "AWS::Region"}': "REGION",
    }
    for place, word in places.items():
        written = written.replace(place, json.dumps(word))
    assert written.lower() == beside.lower()


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_template_has_no_aliases_which_cloudformation_does_not_read(target: Batch) -> None:
    tokens = yaml.scan(files(target)[aws.TEMPLATE])
    assert not [token for token in tokens if isinstance(token, yaml.AliasToken | yaml.AnchorToken)]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_no_right_is_for_every_action_or_every_resource(target: Batch) -> None:
    statements = [one for document in _policies(template(target)) for one in _list(document["Statement"])]
    assert len(statements) > 10
    for statement in statements:
        actions = _list(statement["Action"])
        assert statement["Effect"] == "Allow"
        assert not [action for action in actions if "*" in action]
        if "Resource" not in statement:
            assert actions == ["sts:AssumeRole"] and set(statement["Principal"]) == {"Service"}
        elif "*" in _list(statement["Resource"]):
            assert set(actions) <= WITHOUT_RESOURCE


def test_a_job_reads_its_input_writes_its_output_and_deletes_nothing() -> None:
    role = template(Batch())["Resources"]["JobRole"]["Properties"]
    granted = {
        (action, json.dumps(one["Resource"]))
        for policy in role["Policies"]
        if "Fn::If" not in policy
        for one in policy["PolicyDocument"]["Statement"]
        for action in _list(one["Action"])
    }
    place = '{"Fn::Sub": "arn:${AWS::Partition}:s3:::%s"}'
    read, written = place % "${InputBucket}/${InputPrefix}*", place % "${OutputBucket}/${OutputPrefix}*"
    assert {action for action, resource in granted if resource == read} == {"s3:GetObject"}
    assert {action for action, resource in granted if resource == written} == {"s3:GetObject", "s3:PutObject"}
    assert {action for action, resource in granted if resource not in (read, written)} == {"s3:ListBucket"}


def _policies(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every policy of the template, whatever condition it has."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "Statement" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_definition_is_what_the_service_takes(target: Batch) -> None:
    shape = boto3.client("batch", region_name="us-east-1").meta.service_model
    operation = shape.operation_model("RegisterJobDefinition").input_shape
    document = json.loads(files(target)[aws.DEFINITION])
    validate_parameters(document, operation)
    with pytest.raises(Exception, match="Unknown parameter"):
        validate_parameters({**document, "timeOut": 1}, operation)
