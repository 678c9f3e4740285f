"""What a deployed stack is told by the job itself."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from moto.cloudformation.models import cloudformation_backends

from packager.errors import ConfigError, SubmitError
from packager.submit import stack
from packager.submit.cloud import Cloud
from packager.targets.batch import aws
from tests.packager.submit.conftest import client

TEMPLATE = "{Parameters: {Image: {Type: String}}, Resources: {Topic: {Type: 'AWS::SNS::Topic'}}}"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/models/forest@sha256:ab"


def test_the_job_says_image_and_places() -> None:
    found = stack.given(ECR, ("s3://in/rows/2026/*.parquet",), "s3://out/answers/", ())
    assert found == {
        "Image": ECR,
        "Repository": "models/forest",
        "InputBucket": "in",
        "InputPrefix": "rows/2026/",
        "OutputBucket": "out",
        "OutputPrefix": "answers/",
    }


def test_several_inputs_share_what_their_keys_begin_with() -> None:
    found = stack.given("", ("s3://in/rows/2025/", "s3://in/rows/2026/a*"), "s3://out", ())
    assert (found["InputBucket"], found["InputPrefix"]) == ("in", "rows/202")
    assert found["OutputPrefix"] == ""
    assert "InputBucket" not in stack.given("", ("s3://in/a", "s3://on/b"), "s3://out", ())


def test_an_image_from_elsewhere_has_no_repository_here() -> None:
    assert stack.given("registry.example/forest:1", (), "s3://out", ())["Repository"] == ""


def test_what_the_user_names_goes_before() -> None:
    found = stack.given("", ("s3://in/a/",), "s3://out", ("InputPrefix=", "MaxVcpus=8"))
    assert (found["InputPrefix"], found["MaxVcpus"]) == ("", "8")
    with pytest.raises(ConfigError, match="has no value"):
        stack.given("", (), "s3://out", ("MaxVcpus",))


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name forest, then submit again"),
        ("CREATE_IN_PROGRESS", "submit again when that has ended, or without --deploy"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_refused_with_the_way_on(
    aws_here: Cloud, address: str, tmp_path: Path, status: str, hint: str
) -> None:
    (tmp_path / aws.TEMPLATE).write_text(TEMPLATE)
    assert stack.deploy(aws_here, "forest", tmp_path, {"Image": "a"}, print) == {}
    (made,) = cloudformation_backends["123456789012"]["us-east-1"].stacks.values()
    made.status = status
    with pytest.raises(SubmitError, match=f"the stack forest .* it is {status}") as refused:
        stack.deploy(aws_here, "forest", tmp_path, {"Image": "b"}, print)
    assert refused.value.hint == hint


def test_a_stack_without_outputs_is_updated(aws_here: Cloud, tmp_path: Path) -> None:
    (tmp_path / aws.TEMPLATE).write_text(TEMPLATE)
    said: list[str] = []
    for image in ("a", "b"):
        stack.deploy(aws_here, "forest", tmp_path, {"Image": image}, said.append)
    assert said == ["creating the stack forest", "updating the stack forest"]


def test_a_parameter_that_the_stack_did_not_have_gets_its_default_or_is_asked_for(
    aws_here: Cloud, address: str, tmp_path: Path
) -> None:
    template = tmp_path / aws.TEMPLATE
    template.write_text(TEMPLATE)
    stack.deploy(aws_here, "forest", tmp_path, {"Image": "a"}, print)
    template.write_text(TEMPLATE.replace("{Image:", "{Public: {Type: String, Default: 'no'}, Image:"))
    stack.deploy(aws_here, "forest", tmp_path, {}, print)
    (made,) = client(address, "cloudformation").describe_stacks(StackName="forest")["Stacks"]
    told = {row["ParameterKey"]: row["ParameterValue"] for row in made["Parameters"]}
    assert told["Image"] == "a" and told.get("Public", "no") == "no"
    template.write_text(TEMPLATE.replace("{Image:", "{Subnets: {Type: String}, Image:"))
    with pytest.raises(SubmitError, match="the stack forest needs Subnets"):
        stack.deploy(aws_here, "forest", tmp_path, {}, print)


PLACES = ", ".join(
    f"{name}: {{Type: String}}" for name in ("InputBucket", "InputPrefix", "OutputBucket", "OutputPrefix")
)


@pytest.mark.parametrize(
    ("inputs", "output", "refused"),
    [
        (("s3://in/rows/",), "s3://out/answers", ""),
        (("s3://in/rows",), "s3://out/answers/", ""),
        (("s3://in/rows/2026/*.csv", "s3://in/rows/a.csv"), "s3://out/answers/b/", ""),
        (("s3://in/rows/", "s3://in/others/"), "s3://out/answers", "read s3://in/rows/\\* alone, and not s3://in/others/"),
        (("s3://on/rows/",), "s3://out/answers", "and not s3://on/rows/"),
        (("s3://in/rows/",), "s3://out/answers-2", "write s3://out/answers/\\* alone, and not s3://out/answers-2/"),
    ],
)  # fmt: skip
def test_a_job_that_would_be_denied_its_places_is_refused_before_it_is_submitted(
    aws_here: Cloud, tmp_path: Path, inputs: tuple[str, ...], output: str, refused: str
) -> None:
    template = f"{{Parameters: {{{PLACES}}}, Resources: {{Topic: {{Type: 'AWS::SNS::Topic'}}}}}}"
    (tmp_path / aws.TEMPLATE).write_text(template)
    places = stack.given("", ("s3://in/rows/",), "s3://out/answers", ())
    stack.deploy(aws_here, "forest", tmp_path, places, print)
    with pytest.raises(SubmitError, match=refused) if refused else nullcontext():
        stack.refuse_other_places(aws_here, "forest", inputs, output)


def test_a_stack_of_ones_own_that_has_no_places_refuses_none(aws_here: Cloud, tmp_path: Path) -> None:
    (tmp_path / aws.TEMPLATE).write_text(TEMPLATE)
    stack.deploy(aws_here, "forest", tmp_path, {"Image": "a"}, print)
    stack.refuse_other_places(aws_here, "forest", ("s3://in/rows/",), "s3://out")
    stack.refuse_other_places(aws_here, "none", ("s3://in/rows/",), "s3://out")


def test_there_may_be_no_stack(aws_here: Cloud) -> None:
    assert stack.outputs(aws_here, "forest") == {}
