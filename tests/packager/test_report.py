"""What a user reads after a build or an inspection: whole lines, whatever the width of the terminal."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from packager import report
from packager.model import Feature, Signature, SourceModel, TensorSpec
from packager.optimized import Score
from packager.results import (
    Artifact,
    BuildReport,
    ConversionRecord,
    EngineChoice,
    Tolerance,
    Verification,
    Warned,
)
from tests.packager.optimizations import optimization, stays

SIGNATURE = Signature(
    (TensorSpec("X", "float32", ("batch", 1)),),
    (TensorSpec("label", "int64", ("batch",), "label"),),
    class_labels=("[red]", "blue"),
    features=(Feature("a [bold] name", "number", "X", 0, nullable=True),),
)

RECORD = ConversionRecord(
    "cd" * 32,
    "sklearn 1.9.1",
    "1.7.2",
    "skl2onnx 1.20.0",
    "onnx",
    18,
    "current",
    "3.11.9",
    {"numpy": "2.4.6"},
    (),
)

CHOICE = EngineChoice("onnxruntime", "tiny has no operator Conv")


def test_a_long_path_is_not_cut_in_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    folder = Path("dist") / ("a_long_name_" * 5) / "lambda"
    tolerance = {"score": Tolerance(1e-5, 1e-4)}
    found = Verification(3, "samples", 0.0, 0, 0, tolerance, True, "onnxruntime_c 1.31.1")
    artifact = Artifact("lambda", folder, folder / "function.zip", 15_400_000, 39_800_000, "ab" * 32)
    report.show_build(BuildReport("long", (artifact,), found, (), SIGNATURE, 1.0, RECORD, CHOICE))
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines if "function.zip" in line]
    assert row.split() == ["lambda", f"{folder}/function.zip", "15.4", "MB", "39.8", "MB", "ab" * 8]
    assert f"  packager verify {folder} --rebuild" in lines
    assert max(len(line.rstrip()) for line in lines) < 200


def test_the_conversion_record_is_told_with_the_verdict_on_each_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Verification(3, "samples", 0.0, 0, 0, {}, True, "onnxruntime_c 1.31.1")
    warned = Warned("DeprecationWarning: [old] name", "harmless", "about later releases")
    record = replace(RECORD, warnings=(warned,), environment="sklearn-1.7.2", framework="sklearn 1.7.2")
    made = BuildReport("m", (), found, (), SIGNATURE, 1.0, record, CHOICE)
    report.show_build(made)
    lines = capsys.readouterr().out.splitlines()
    assert "source      sklearn 1.7.2, written by 1.7.2, sha256 cdcdcdcdcdcdcdcd…" in lines
    assert "converter   skl2onnx 1.20.0: onnx, opset 18" in lines
    assert "engine      onnxruntime: tiny has no operator Conv" in lines
    assert "ran in      the environment sklearn-1.7.2: Python 3.11.9, numpy 2.4.6" in lines
    assert "warned      harmless (about later releases): DeprecationWarning: [old] name" in lines
    said = report.document(made)["conversion"]
    assert said["packages"] == {"numpy": "2.4.6"} and said["warnings"][0]["verdict"] == "harmless"


def test_of_an_optimised_model_it_is_said_against_what_it_was_verified(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Verification(3, "samples", 0.0, 0, 0, {}, True, "onnxruntime_c 1.31.1")
    built = BuildReport("int8", (), found, (), SIGNATURE, 1.0, RECORD, CHOICE)
    report.show_build(replace(built, optimization=stays()))
    assert report.OWN_ANSWERS not in capsys.readouterr().out
    score, whole = (Score("accuracy", value, 1372, "labels") for value in (0.991, 0.9932))
    report.show_build(replace(built, optimization=optimization(), artifact_score=score, source_score=whole))
    shown = capsys.readouterr().out
    assert report.OWN_ANSWERS in shown
    assert "accuracy on 1,372 labelled rows: the artifact 0.9910, the source model 0.9932" in shown


def test_a_model_is_shown_with_one_line_for_each_thing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    loads = tuple(f"sklearn.module_{at}.Class" for at in range(9))
    source = SourceModel(
        Path("m.joblib"), "sklearn", "1.9.1", None, "Pipeline(A, B)", "cd" * 32, 999, SIGNATURE, loads
    )
    report.show_source(source, ("a note",))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "model", "framework", "written", "is", "size", "input", "output", "classes", "column", "loads",
        "note:",
    ]  # fmt: skip
    assert lines[7:9] == ["classes     [red], blue", "column      a [bold] name: number, may be missing"]
    assert lines[9].endswith("sklearn.module_8.Class")
    assert not any(line != line.rstrip() for line in lines)


def test_the_commands_that_come_next_can_be_copied() -> None:
    folder = Path("build out") / "wine" / "lambda"
    artifact = Artifact("lambda", folder, folder / "function.zip", 1, 1, "ab" * 32)
    words = [shlex.split(command) for command in report.next_commands(artifact)]
    assert words[0] == ["packager", "invoke", str(folder), "--event", str(folder / "events" / "predict.json")]
    assert words[-1][-1] == str(folder / "template.yaml")
    foreign = [
        shlex.split(command)[1] for command in report.next_commands(replace(artifact, runs_here=False))
    ]
    assert foreign == ["verify", "deploy"]
