"""What is read out of a template, and what is refused."""

from pathlib import Path

import pytest

from packager.errors import ArtifactError
from packager.invoke.template import read_function
from tests.packager.invoke.functions import write_artifact


def with_template(folder: Path, text: str) -> Path:
    artifact = write_artifact(folder)
    (artifact / "template.yaml").write_text(text)
    return artifact


def test_reads_the_function_as_lambda_would_be_told_about_it(tmp_path: Path) -> None:
    function = read_function(write_artifact(tmp_path, runtime="python3.12", arch="arm64", timeout_s=7))
    assert (function.logical_id, function.handler) == ("ModelFunction", "runtimes.aws_lambda.handler.handler")
    assert (function.runtime, function.python_version, function.arch) == ("python3.12", "3.12", "arm64")
    assert (function.memory_mb, function.timeout_s) == (384, 7)
    assert function.environment == {"GREETING": "hello: world"}
    assert function.folder == tmp_path / "function" and not function.needs_exact_python


def test_takes_what_the_function_leaves_out_from_globals_and_lambdas_defaults(tmp_path: Path) -> None:
    text = (
        "Globals: {Function: {MemorySize: 1024, Environment: {Variables: {SWITCH: true, LEVEL: 3}}}}\n"
        "Resources:\n  Api: {Type: AWS::Serverless::HttpApi}\n"
        "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}\n"
    )
    function = read_function(with_template(tmp_path, text))
    assert (function.logical_id, function.memory_mb, function.timeout_s) == ("F", 1024, 3)
    assert function.environment == {"SWITCH": "true", "LEVEL": "3"}


def test_a_folder_without_a_template_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is not a Lambda artifact") as caught:
        read_function(tmp_path)
    assert caught.value.hint is not None and "dist/NAME/lambda" in caught.value.hint
    with pytest.raises(ArtifactError, match="there is no folder"):
        read_function(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: [", "is not a template"),
        ("- 1", "it holds no mapping"),
        ("Resources: {B: {Type: AWS::S3::Bucket}}", "has no resource of type AWS::Serverless::Function"),
        (
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: {MemorySize: big}}}",
            "MemorySize is 'big', not a whole number",
        ),
        (
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: "
            "{Environment: {Variables: {TABLE: !Ref Table}}}}}",
            "the environment variable TABLE has a value that only CloudFormation knows",
        ),
    ],
    ids=["broken", "no-mapping", "no-function", "memory", "intrinsic"],
)
def test_refuses_a_template_that_says_nothing_plain(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=message):
        read_function(with_template(tmp_path, text))
