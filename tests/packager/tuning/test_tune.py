"""The whole job on a real artifact."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from packager.errors import ArtifactError, ConfigError
from packager.tuning import hierarchy, table
from packager.tuning.measure import processors
from packager.tuning.tune import Question, tune
from tests.main_job.commands import packager
from tests.packager.tuning.limits import needs_limits

QUICK = ("--rounds", "1", "--requests", "3")


def question(project: Path, **changes: object) -> Question:
    return Question(project / "dist" / "iris" / "lambda", rounds=1, requests=3, **changes)  # type: ignore[arg-type]


@needs_limits
def test_measures_what_the_machine_can_be_and_extrapolates_the_rest(project: Path) -> None:
    found = tune(question(project, memory_mb=(640,)), sizes=(256, 1769, 10_240))
    assert [point.memory_mb for point in found.points] == [256, 640, 1769, 10_240]
    assert {point.origin for point in found.points[:3]} == {"measured"}
    assert (found.points[3].origin == "extrapolated") == (processors() < 6)
    assert {choice.kind for choice in found.choices} == {"cheapest", "fastest", "balanced"}
    assert found.name == "iris" and "us-east-1" in found.prices
    assert any("boost of the init phase is not emulated" in note for note in found.notes)
    assert json.loads(json.dumps(asdict(found)))["schema_version"] == 1


def test_without_rights_it_says_so_and_measures_without(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hierarchy, "SELF", tmp_path)  # a kernel without control groups
    found = tune(question(project), sizes=(512, 1769))
    assert [point.origin for point in found.points] == ["extrapolated", "unlimited"]
    assert any(
        note.startswith("limits cannot be set here, so it was measured without: ") for note in found.notes
    )


def test_the_table_has_every_size_and_the_conditions(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hierarchy, "SELF", tmp_path)
    found = tune(question(project, latency_ms=1e-6), sizes=(128, 1769))
    table.show(found)
    said = capsys.readouterr().out
    for word in (
        "128 MB",
        "1769 MB",
        "unlimited, fastest",
        "prices: us-east-1",
        "no size has a warm p95 within",
    ):
        assert word in said


@pytest.mark.parametrize("size", [127, 10_241])
def test_refuses_a_size_that_lambda_does_not_have(project: Path, size: int) -> None:
    with pytest.raises(ConfigError, match=f"--memory-mb has {size}, and AWS Lambda takes 128 to 10240"):
        tune(question(project, memory_mb=(size,)))


def test_refuses_a_folder_that_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        tune(Question(tmp_path))


def test_a_missed_target_has_its_own_exit_code_beside_the_whole_answer(project: Path) -> None:
    arguments = ("dist/iris/lambda", *QUICK, "--latency-ms", "0.000001", "--write", "--save", "tune.json")
    done = packager("tune", *arguments, "-o", "json", cwd=project)
    assert done.exit_code == 16
    assert "no memory size has a warm p95 within 1e-06 ms" in done.stderr
    assert "nothing was written" in done.stderr
    assert {choice["kind"] for choice in done.document()["choices"]} == {"fastest", "balanced"}
    assert json.loads((project / "tune.json").read_text()) == done.document()


def test_what_is_written_is_what_a_build_would_have_made(project: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(project, work, symlinks=True)
    artifact = work / "dist" / "iris" / "lambda"
    model = work / "iris.joblib"
    record = json.loads((artifact / "build.json").read_text())
    record["request"]["model"] = str(model)
    (artifact / "build.json").write_text(json.dumps(record, sort_keys=True))
    done = packager("tune", artifact, *QUICK, "--write", "--choice", "cheapest", "-o", "json", cwd=work)
    assert done.exit_code == 0, done.stderr
    (size,) = (one["memory_mb"] for one in done.document()["choices"] if one["kind"] == "cheapest")
    assert f"template.yaml: {size} MB (cheapest), was 1024 MB" in done.stderr
    for template in ("template.yaml", "template-image.yaml"):
        assert f"MemorySize: {size}\n" in (artifact / template).read_text()
    verified = packager("verify", artifact, "--rebuild", cwd=work)
    assert verified.exit_code == 0, verified.stderr
    config = (work / "packager.toml").read_text()
    assert f"memory_mb = {size}" in config and "# the flowers" in config and "# no pages" in config
    assert (artifact / "function.zip").stat().st_nlink == 1


def test_prices_and_sizes_that_cannot_be_read_are_usage_errors(project: Path) -> None:
    assert packager("tune", "dist/iris/lambda", "--memory-mb", "lots", cwd=project).exit_code == 2
    refused = packager("tune", "dist/iris/lambda", "--prices", "none.toml", cwd=project)
    assert refused.exit_code == 3 and "none.toml cannot be read" in refused.stderr
    refused = packager("tune", "dist/iris/lambda", "--region", "mars-1", cwd=project)
    assert refused.exit_code == 3 and "no prices of the region 'mars-1'" in refused.stderr
