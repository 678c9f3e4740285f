"""Which engine a build takes, why it says so, and what it refuses."""

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from packager.invoke import emulator
from tests.main_job import sources
from tests.main_job.commands import build, check, packager

MOST_BYTES = 100_000
"""Of the zip of a forest in pure Python without the HTTP pages."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a forest over the iris measurements."""
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    folder = tmp_path_factory.mktemp("iris")
    rows, labels = load_iris(return_X_y=True)
    model = RandomForestClassifier(100, random_state=0).fit(rows, labels)
    (folder / "iris.pkl").write_bytes(pickle.dumps(model))
    return folder


@pytest.fixture(scope="module")
def without_a_step_for_it(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose graph has a loop."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    model = GaussianProcessRegressor().fit([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [0.0, 1.0, 2.0])
    path = tmp_path_factory.mktemp("process") / "process.pkl"
    path.write_bytes(pickle.dumps(model))
    return path


def function(folder: Path, report: Any) -> Path:
    """The built function's folder."""
    return folder / report["artifacts"][0]["path"] / "function"


def test_a_forest_runs_in_pure_python_and_is_rebuilt_so(small: Path) -> None:
    report = build(small / "iris.pkl", "--http", "none", cwd=small)
    assert report["engine"]["engine"] == "tiny"
    assert report["engine"]["why"].endswith("under the limit of 1 ms")
    assert report["artifacts"][0]["size_bytes"] < MOST_BYTES
    made = function(small, report)
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["engine"]["kind"] == "tiny" and "library" not in manifest["engine"]
    assert not (made / "lib").exists()
    record = json.loads((made.parent / "build.json").read_text())
    assert record["request"]["engine"] == "tiny" and record["engine"] == report["engine"]
    again = packager("verify", made.parent, "--rebuild", "-o", "json", cwd=small)
    assert again.exit_code == 0, again.stderr


def test_over_the_limit_the_library_is_taken_and_the_time_is_told(small: Path) -> None:
    report = build(
        small / "iris.pkl", "--http", "none", "--tiny-limit-ms", "0.0001", "--name", "slow", cwd=small
    )
    assert report["engine"]["engine"] == "onnxruntime"
    said = re.search(r"takes (\S+) ms in tiny, over the limit of 0.0001 ms", report["engine"]["why"])
    assert said is not None and float(said[1]) > 0.0001
    assert (function(small, report) / "lib/libonnxruntime.so.1").exists()


def test_what_is_asked_for_is_taken_whatever_it_costs(small: Path) -> None:
    given = ("--engine", "tiny", "--tiny-limit-ms", "0.0001", "--name", "forced")
    assert build(small / "iris.pkl", *given, cwd=small)["engine"]["engine"] == "tiny"
    other = build(small / "iris.pkl", "--engine", "onnxruntime", "--name", "other", cwd=small)
    assert other["engine"] == {"engine": "onnxruntime", "why": "asked for"}


def test_a_graph_that_is_not_covered_is_named_and_the_library_is_taken(
    without_a_step_for_it: Path, tmp_path: Path
) -> None:
    report = build(without_a_step_for_it, cwd=tmp_path)
    assert report["engine"] == {"engine": "onnxruntime", "why": "tiny has no operator Scan"}


def test_forced_on_such_a_graph_it_is_an_error(without_a_step_for_it: Path, tmp_path: Path) -> None:
    done = packager("build", without_a_step_for_it, "--engine", "tiny", cwd=tmp_path)
    assert done.exit_code == 7
    assert "tiny has no operator Scan" in done.stderr
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    ("given", "hint"),
    [(("--engine", "litert"), "add --format tflite"), (("--engine", "tiny", "--format", "tflite"), "LiteRT")],
)
def test_an_engine_of_another_format_is_refused_before_anything_runs(
    given: tuple[str, ...], hint: str, small: Path, tmp_path: Path
) -> None:
    done = packager("build", small / "iris.pkl", *given, cwd=tmp_path)
    assert done.exit_code == 3
    assert f"the engine {given[1]} does not run" in done.stderr and hint in done.stderr


def test_a_function_without_a_library_is_for_every_processor(tmp_path: Path) -> None:
    made = sources.forest(tmp_path)
    report = build(made.model, "--arch", "arm64", "--engine", "tiny", cwd=tmp_path)
    assert report["verification"]["engine"] == "tiny 1"
    here = build(made.model, "--name", "here", cwd=tmp_path)
    with emulator.session(function(tmp_path, here).parent) as opened:
        for question in made.questions:
            check(opened.invoke(question.request).or_error().document, question.answer)
