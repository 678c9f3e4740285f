"""Deploying a built artifact to moto's server, in the steps of `sam deploy`.

This proves: the zip is taken whole; the template translates to plain CloudFormation that its linter
accepts; every resource is made, but for the HTTP API, which moto's CloudFormation does not know; function,
version and alias are as the template says, with our code; deleting leaves nothing. It does not prove that
the code runs (moto never runs it: tests/sam does), nor that AWS takes values that moto does not look at.
"""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.deploy.cloud import NOT_IN_MOTO, cloud
from tests.deploy.translation import translated
from tests.main_job import sources
from tests.sam.built import built

pytestmark = [
    pytest.mark.network,
    # Said by moto inside its server; which types it passes over is asserted below.
    pytest.mark.filterwarnings("ignore:Tried to parse AWS..ApiGatewayV2:UserWarning"),
]

BUCKET, STACK = "code", "forest"


@dataclass(frozen=True)
class Deployed:
    """A stack, the template that made it, and the artifact that it came from."""

    artifact: Path
    template: dict[str, Any]
    created: dict[str, str]

    def client(self, service: str) -> Any:
        return boto3.client(service)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(sources.forest, tmp_path_factory.mktemp("deploy"), "--arch", "arm64").artifact


@pytest.fixture(scope="module")
def template(artifact: Path) -> dict[str, Any]:
    """Translated with the code's place put in, as `sam package` does: named by its content."""
    key = hashlib.sha256((artifact / "function.zip").read_bytes()).hexdigest()
    return translated(artifact / "template.yaml", {"ModelFunction": {"CodeUri": f"s3://{BUCKET}/{key}.zip"}})


@pytest.fixture
def deployed(artifact: Path, template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-no-account")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with cloud() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        boto3.setup_default_session()
        upload(artifact, template)
        yield Deployed(artifact, template, create_stack(template))


def upload(artifact: Path, template: dict[str, Any]) -> None:
    storage = boto3.client("s3")
    storage.create_bucket(Bucket=BUCKET)
    key = template["Resources"]["ModelFunction"]["Properties"]["Code"]["S3Key"]
    storage.upload_file(str(artifact / "function.zip"), BUCKET, key)


def create_stack(template: dict[str, Any]) -> dict[str, str]:
    formation = boto3.client("cloudformation")
    formation.create_stack(
        StackName=STACK, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    (stack,) = formation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    listed = formation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in listed if row["LogicalResourceId"]}


def test_everything_declared_is_created_but_for_what_moto_does_not_know(deployed: Deployed) -> None:
    declared = {name: resource["Type"] for name, resource in deployed.template["Resources"].items()}
    unknown = {name for name, kind in declared.items() if kind in NOT_IN_MOTO}
    assert set(deployed.created) == set(declared) - unknown
    assert {declared[name] for name in unknown} == NOT_IN_MOTO


def test_the_function_behind_the_alias_is_ours_as_the_template_says(deployed: Deployed) -> None:
    function = deployed.created["ModelFunction"]
    client = deployed.client("lambda")
    alias = client.get_alias(FunctionName=function, Name="live")
    found = client.get_function(FunctionName=function, Qualifier="live")["Configuration"]
    content = (deployed.artifact / "function.zip").read_bytes()
    assert alias["FunctionVersion"] == found["Version"] == "1"
    assert found["CodeSha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert found["CodeSize"] == len(content)
    assert (found["Handler"], found["Runtime"]) == ("runtimes.aws_lambda.handler.handler", "python3.13")
    asked = deployed.template["Resources"]["ModelFunction"]["Properties"]
    # moto's CloudFormation forgets the architecture, so this is what is asked for, not what it keeps.
    assert asked["Architectures"] == ["arm64"]
    assert (found["MemorySize"], found["Timeout"]) == (asked["MemorySize"], asked["Timeout"])
    assert found["EphemeralStorage"] == asked["EphemeralStorage"]


def test_the_stack_says_where_the_function_is(deployed: Deployed) -> None:
    (stack,) = deployed.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs["FunctionArn"].endswith(f":function:{deployed.created['ModelFunction']}:live")
    assert set(outputs) == set(deployed.template["Outputs"])


def test_only_the_gateway_may_call_the_alias_and_the_function_may_only_log(deployed: Deployed) -> None:
    resources = deployed.template["Resources"].values()
    granted = [row["Properties"] for row in resources if row["Type"] == "AWS::Lambda::Permission"]
    assert {row["Principal"] for row in granted} == {"apigateway.amazonaws.com"}
    assert {row["FunctionName"]["Ref"] for row in granted} == {"ModelFunctionAliaslive"}
    function = deployed.client("lambda").get_function(FunctionName=deployed.created["ModelFunction"])
    (role,) = deployed.client("iam").list_roles()["Roles"]
    assert function["Configuration"]["Role"] == role["Arn"]
    # moto has none of Amazon's own policies, so they are read where they are asked for.
    wanted = deployed.template["Resources"]["ModelFunctionRole"]["Properties"]
    assert [arn.rpartition("/")[2] for arn in wanted["ManagedPolicyArns"]] == ["AWSLambdaBasicExecutionRole"]
    assert "Policies" not in wanted


def test_deleting_the_stack_leaves_nothing(deployed: Deployed) -> None:
    deployed.client("cloudformation").delete_stack(StackName=STACK)
    assert deployed.client("lambda").list_functions()["Functions"] == []
    assert deployed.client("iam").list_roles()["Roles"] == []
    assert deployed.client("logs").describe_log_groups()["logGroups"] == []


def test_the_linter_accepts_the_translated_template(template: dict[str, Any], tmp_path: Path) -> None:
    """Some mistakes, such as too large a time-out, show only after the translation."""
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    assert lint(path) == ""
    late = json.loads(json.dumps(template))
    late["Resources"]["ModelFunction"]["Properties"]["Timeout"] = 1000
    path.write_text(json.dumps(late))
    assert "1000 is greater than the maximum of 900" in lint(path)


def lint(template: Path) -> str:
    code = "from cfnlint.runner import main; main()"
    command = [sys.executable, "-c", code, "--regions", "us-east-1", "--template", str(template)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stderr
    return done.stdout
