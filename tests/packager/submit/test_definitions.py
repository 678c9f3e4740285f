"""A job definition is registered when it says something new, and only then."""

import copy
from typing import Any

import pytest

from packager.errors import ConfigError, SubmitError
from packager.submit import definitions
from packager.submit.cloud import Cloud
from packager.targets.batch import aws
from packager.targets.batch.target import Batch
from tests.packager.submit.conftest import client

TEMPLATE = aws.definition("forest", Batch())
HERE = {aws.REGION: "us-east-1"}


@pytest.fixture
def places(own_role: str) -> dict[str, str]:
    return {
        aws.IMAGE: "registry.example/forest:1",
        aws.EXECUTION_ROLE: own_role,
        aws.JOB_ROLE: own_role,
        aws.LOG_GROUP: "/jobs",
        aws.REGION: "us-east-1",
    }


def test_the_first_time_it_is_new(aws_here: Cloud, address: str, places: dict[str, str]) -> None:
    made = definitions.register(aws_here, TEMPLATE, places, dry_run=False)
    assert (made.arn.rpartition("/")[2], made.is_new) == ("forest:1", True)
    (found,) = client(address, "batch").describe_job_definitions()["jobDefinitions"]
    assert found["containerProperties"]["image"] == "registry.example/forest:1"
    assert found["timeout"] == {"attemptDurationSeconds": 21600}


def test_the_same_is_not_registered_again(aws_here: Cloud, places: dict[str, str]) -> None:
    first = definitions.register(aws_here, TEMPLATE, places, dry_run=False)
    again = definitions.register(aws_here, TEMPLATE, {**dict.fromkeys(places, ""), **HERE}, dry_run=False)
    assert (again.arn, again.is_new) == (first.arn, False)


@pytest.mark.parametrize(
    "other", [Batch(memory_mb=8192), Batch(attempts=2), Batch(timeout_s=60), Batch(compute="fargate")]
)
def test_what_the_artifact_says_otherwise_is_a_new_revision(
    aws_here: Cloud, places: dict[str, str], other: Batch
) -> None:
    definitions.register(aws_here, TEMPLATE, places, dry_run=False)
    made = definitions.register(aws_here, aws.definition("forest", other), HERE, dry_run=False)
    assert (made.arn.rpartition("/")[2], made.is_new) == ("forest:2", True)


def test_another_image_is_a_new_revision_and_all_else_stays(
    aws_here: Cloud, address: str, places: dict[str, str]
) -> None:
    definitions.register(aws_here, TEMPLATE, places, dry_run=False)
    definitions.register(aws_here, TEMPLATE, {**HERE, aws.IMAGE: "registry.example/forest:2"}, dry_run=False)
    found = client(address, "batch").describe_job_definitions()["jobDefinitions"]
    newest = max(found, key=lambda definition: definition["revision"])["containerProperties"]
    assert newest["image"] == "registry.example/forest:2"
    assert newest["jobRoleArn"] == places[aws.JOB_ROLE]
    assert newest["logConfiguration"]["options"]["awslogs-group"] == "/jobs"


def test_a_public_address_that_the_stack_gave_stays(
    aws_here: Cloud, address: str, places: dict[str, str]
) -> None:
    with_address = copy.deepcopy(TEMPLATE)
    with_address["containerProperties"]["networkConfiguration"]["assignPublicIp"] = "ENABLED"
    first = definitions.register(aws_here, with_address, places, dry_run=False)
    again = definitions.register(aws_here, TEMPLATE, HERE, dry_run=False)
    assert (again.arn, again.is_new) == (first.arn, False)


def test_a_dry_run_registers_nothing(aws_here: Cloud, address: str, places: dict[str, str]) -> None:
    assert definitions.register(aws_here, TEMPLATE, places, dry_run=True).is_new
    assert client(address, "batch").describe_job_definitions()["jobDefinitions"] == []


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (aws.IMAGE, "no image on AWS yet"),
        (aws.EXECUTION_ROLE, "no role that starts it"),
        (aws.JOB_ROLE, "no role of its own"),
        (aws.LOG_GROUP, "no log group"),
    ],
)
def test_says_what_nobody_has_named_yet(
    aws_here: Cloud, places: dict[str, str], word: str, said: str
) -> None:
    with pytest.raises(SubmitError, match=said):
        definitions.register(aws_here, TEMPLATE, {**places, word: ""}, dry_run=False)


def test_says_that_an_image_of_ecr_is_not_there(
    aws_here: Cloud, address: str, places: dict[str, str]
) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/models/forest:1"
    with pytest.raises(SubmitError, match=f"there is no image {image}"):
        definitions.register(aws_here, TEMPLATE, {**places, aws.IMAGE: image}, dry_run=False)
    registry = client(address, "ecr")
    registry.create_repository(repositoryName="models/forest")
    with pytest.raises(SubmitError, match=f"there is no image {image}"):
        definitions.register(aws_here, TEMPLATE, {**places, aws.IMAGE: image}, dry_run=False)
    registry.put_image(repositoryName="models/forest", imageTag="1", imageManifest=_MANIFEST)
    assert definitions.register(aws_here, TEMPLATE, {**places, aws.IMAGE: image}, dry_run=False).is_new


def test_an_image_is_looked_for_in_its_own_region(
    aws_here: Cloud, places: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        registry = client(address, "ecr")
    registry.create_repository(repositoryName="models/forest")
    registry.put_image(repositoryName="models/forest", imageTag="1", imageManifest=_MANIFEST)
    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/models/forest:1"
    assert definitions.register(aws_here, TEMPLATE, {**places, aws.IMAGE: image}, dry_run=False).is_new


_MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("forest", ("forest", "", "")),
        ("models/forest:1.2", ("models/forest", "1.2", "")),
        ("forest@sha256:ab", ("forest", "", "sha256:ab")),
        ("forest:1@sha256:ab", ("forest", "1", "sha256:ab")),
    ],
)
def test_reads_the_parts_of_an_images_name(name: str, parts: tuple[str, str, str]) -> None:
    assert definitions.split_image(name) == parts


def test_refuses_a_definition_that_is_too_large(aws_here: Cloud, places: dict[str, str]) -> None:
    large: dict[str, Any] = copy.deepcopy(TEMPLATE)
    large["containerProperties"]["environment"] = [{"name": "A", "value": "x" * 25_000}]
    with pytest.raises(ConfigError, match=r"the job definition has \d+ bytes, and AWS takes 24576"):
        definitions.register(aws_here, large, places, dry_run=False)
