"""What a deployed stack is told by the job itself."""

import pytest

from packager.errors import ConfigError
from packager.submit import stack
from packager.submit.cloud import Cloud

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


def test_there_may_be_no_stack(aws_here: Cloud) -> None:
    assert stack.outputs(aws_here, "forest") == {}
