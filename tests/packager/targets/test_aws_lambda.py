"""The Lambda target: its options within Lambda's limits, and the files that it describes."""

import json
import random
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from packager import bundle
from packager.errors import ConfigError, SizeLimitError
from packager.layout import IncludedFile
from packager.targets.aws_lambda import quotas
from packager.targets.aws_lambda.target import AwsLambda
from tests.deploy.translation import translated
from tests.packager.targets import golden
from tests.packager.targets.models import layout

VARIANTS: dict[str, dict[str, Any]] = {
    "zip": {},
    "image_arm64": {"arch": "arm64", "runtime": "python3.12", "image": True, "memory_mb": 2048},
    "no_http": {
        "http": "none", "alias": "blue", "timeout_s": 900, "ephemeral_mb": 10_240, "log_retention_days": 365,
        "environment": {"MODE": "a: b # \"c\"", "EMPTY": "", "TEXT": "größer\n\u2028"},
    },
}  # fmt: skip


def rendered(target: AwsLambda, folder: Path) -> list[IncludedFile]:
    return [file for file in layout(target, folder).entries if not file.dest.startswith("function/")]


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_the_files_beside_the_function_are_those_that_were_reviewed(variant: str, tmp_path: Path) -> None:
    golden.check(f"aws_lambda/{variant}", rendered(AwsLambda(**VARIANTS[variant]), tmp_path))


@pytest.mark.network
def test_the_templates_pass_cfn_lint_before_and_after_the_sam_transform(tmp_path: Path) -> None:
    templates = []
    for variant, options in VARIANTS.items():
        for file in rendered(AwsLambda(**options), tmp_path):
            if not file.dest.endswith(".yaml"):
                continue
            path = tmp_path / f"{variant}-{file.dest}"
            path.write_bytes(file.read())
            # What `sam package` puts in the place of the zip or the image.
            code = (
                {"ImageUri": "example:1"} if "image" in file.dest else {"CodeUri": "s3://example-bucket/key"}
            )
            transformed = path.with_suffix(".json")
            transformed.write_text(json.dumps(translated(path, {"ModelFunction": code})))
            templates += [path, transformed]
    assert len(templates) == 8
    lint = "import sys; from cfnlint.runner import main; sys.exit(main())"
    command = [sys.executable, "-c", lint, "--non-zero-exit-code", "warning", *map(str, templates)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory_mb": 64}, "memory_mb is 64, and AWS Lambda takes 128 to 10240"),
        ({"memory_mb": 20_480}, "memory_mb is 20480"),
        ({"timeout_s": 0}, "timeout_s is 0, and AWS Lambda takes 1 to 900"),
        ({"timeout_s": 901}, "timeout_s is 901"),
        ({"ephemeral_mb": 511}, "ephemeral_mb is 511, and AWS Lambda takes 512 to 10240"),
        ({"alias": "1"}, "alias is '1'"),
        ({"alias": "a b"}, "alias is 'a b'"),
        ({"environment": {"1A": ""}}, "environment has '1A', which is no name"),
        ({"environment": {"AWS_REGION": "x"}}, "environment has 'AWS_REGION', which Lambda sets itself"),
        ({"environment": {"A_A": "x" * 4094}}, "environment has 4097 bytes of names and values"),
        (
            {"runtime": "python3.8"},
            "Input should be 'python3.11', 'python3.12', 'python3.13' or 'python3.14'",
        ),
        ({"arch": "riscv64"}, "Input should be 'x86_64' or 'arm64'"),
        ({"log_retention_days": 31}, "log_retention_days"),
        ({"memry_mb": 512}, "memry_mb"),
    ],
)
def test_refuses_what_lambda_would_refuse(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        AwsLambda(**options)
    assert message in str(raised.value)


def test_the_edges_of_the_limits_are_allowed() -> None:
    AwsLambda(memory_mb=128, timeout_s=1, ephemeral_mb=512, environment={"AA": "x" * 4094})
    AwsLambda(memory_mb=10_240, timeout_s=900, ephemeral_mb=10_240)


def test_every_runtime_of_the_table_can_be_asked_for() -> None:
    assert sorted(quotas.runtimes()) == ["python3.11", "python3.12", "python3.13", "python3.14"]
    assert AwsLambda().runtime == quotas.default_runtime()
    for name in quotas.runtimes():
        target = AwsLambda.model_validate({"runtime": name, "arch": "arm64"})
        assert target.platform.python == name.removeprefix("python")
        assert target.platform.machine == "aarch64"


def test_the_function_holds_the_model_the_engine_and_the_code(tmp_path: Path) -> None:
    inside = [
        file.dest for file in layout(AwsLambda(), tmp_path).entries if file.dest.startswith("function/")
    ]
    assert sorted(inside) == [
        "function/fastapi/__init__.pyc", "function/lib/libonnxruntime.so.1",
        "function/lib/onnxruntime-LICENSE", "function/manifest.json", "function/model/model.onnx",
        "function/runtimes/__init__.pyc",
    ]  # fmt: skip


def test_without_http_neither_the_app_nor_its_packages_ship() -> None:
    assert AwsLambda(http="none").rooms == ("aws_lambda", "core")
    assert AwsLambda(http="none").lock is None
    assert AwsLambda().rooms == ("aws_lambda", "core", "http")
    assert AwsLambda().lock == "aws_lambda"


def oversized(tmp_path: Path, **options: Any) -> tuple[bundle.WrittenArchive, ...]:
    """Bundle a function whose model is a hole of 263 MB."""
    described = layout(AwsLambda(**options), tmp_path)
    with (tmp_path / "model.onnx").open("r+b") as file:
        file.truncate(263_000_000)
    return bundle.write(described, tmp_path / "out" / "lambda")


def test_a_function_over_lambdas_limit_is_refused_with_the_numbers_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SizeLimitError) as raised:
        oversized(tmp_path)
    assert "function.zip is 250.8 MiB unzipped, over the limit of 250.0 MiB" in raised.value.message
    assert "--image" in (raised.value.hint or "")
    assert raised.value.details[0].endswith("model/model.onnx")
    assert not (tmp_path / "out").exists()


def test_with_an_image_beside_it_the_zips_limit_is_a_note(tmp_path: Path) -> None:
    (written,) = oversized(tmp_path, image=True)
    (note,) = written.notes
    assert "250.8 MiB unzipped" in note
    assert "template-image.yaml" in note


def test_direct_upload_has_a_lower_limit_than_s3(tmp_path: Path) -> None:
    noise = IncludedFile("function/noise", _noise(53_000_000))
    for upload in ("s3", "direct"):
        described = layout(AwsLambda.model_validate({"upload": upload}), tmp_path)
        entries = (*described.entries, noise)
        grown = type(described)(described.target, entries, described.archives)
        if upload == "s3":
            (written,) = bundle.write(grown, tmp_path / upload)
            assert "over the limit of 50.0 MiB for direct upload" in written.notes[0]
        else:
            with pytest.raises(SizeLimitError, match=r"50\.6 MiB zipped, over the limit of 50\.0 MiB"):
                bundle.write(grown, tmp_path / upload)


def test_a_function_without_room_for_its_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="memory_mb is 128, and the model alone has 150 MB") as raised:
        layout(AwsLambda(memory_mb=128), tmp_path, size_bytes=150 * 2**20)
    assert raised.value.hint == "raise memory_mb: this function needs about 380 to start"


def test_a_function_that_is_short_of_memory_is_told_so(tmp_path: Path) -> None:
    (note,) = layout(AwsLambda(memory_mb=256), tmp_path, size_bytes=150 * 2**20).notes
    assert note == "memory_mb is 256, and this function takes about 380 to start: raise it"
    assert layout(AwsLambda(memory_mb=380), tmp_path, size_bytes=150 * 2**20).notes == ()
    assert layout(AwsLambda(memory_mb=128), tmp_path).notes == ()


def _noise(size_bytes: int) -> bytes:
    return random.Random(0).randbytes(size_bytes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    name=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,20}\Z"),
    variable=st.sampled_from(["TEXT", "YES", "no", "Off", "NULL", "true", "e1"]),
)
def test_any_name_and_any_environment_stand_in_the_templates_as_they_are(
    tmp_path: Path, value: str, name: str, variable: str
) -> None:
    target = AwsLambda(environment={variable: value})
    files = {file.dest: file.read() for file in layout(target, tmp_path, name=name).entries}
    parsed = yaml.load(files["template.yaml"], _Loader)
    variables = parsed["Resources"]["ModelFunction"]["Properties"]["Environment"]["Variables"]
    assert variables == {variable: value}
    assert name in parsed["Description"]
    stack = tomllib.loads(files["samconfig.toml"].decode())["default"]["global"]["parameters"]["stack_name"]
    assert stack == f"packager-{name.replace('_', '-')}"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short forms."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: f"!{suffix}")
