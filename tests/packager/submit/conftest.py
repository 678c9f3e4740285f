"""A pretended AWS over HTTP, with a queue that takes jobs, and credentials that are anybody's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from packager.submit.cloud import Cloud
from tests.deploy.cloud import cloud, forget

FOREIGN = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "of-no-account",
    "AWS_SECRET_ACCESS_KEY": "of-no-account",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whoever runs the tests nothing is asked."""
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with cloud() as address:
        yield address


@pytest.fixture
def address(environment: None, server: str) -> Iterator[str]:
    """Of a cloud in which nothing is yet."""
    yield server
    forget(server)


@pytest.fixture
def aws_here(address: str) -> Cloud:
    return Cloud(address)


def client(address: str, service: str) -> Any:
    """The service itself, to make and to look."""
    return boto3.session.Session().client(service, endpoint_url=address)


def role(address: str) -> str:
    made = client(address, "iam").create_role(RoleName="job", AssumeRolePolicyDocument="{}")
    return str(made["Role"]["Arn"])


@pytest.fixture
def own_role(address: str) -> str:
    return role(address)


@pytest.fixture
def queue(address: str, own_role: str) -> str:
    """A queue with a compute environment behind it."""
    network, batch = client(address, "ec2"), client(address, "batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="fargate", type="MANAGED", state="ENABLED", serviceRole=own_role,
        computeResources={
            "type": "FARGATE",
            "maxvCpus": 4,
            "subnets": [network.describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroupIds": [network.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        },
    )  # fmt: skip
    made = batch.create_job_queue(
        jobQueueName="queue", state="ENABLED", priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}],
    )  # fmt: skip
    return str(made["jobQueueArn"])
