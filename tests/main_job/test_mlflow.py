"""Folders that MLflow itself saved, one of each flavour, built as they are."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packager import environments, installed
from packager.recipes import Recipe
from tests.main_job import mlflow_models
from tests.main_job.commands import build, packager

pytestmark = pytest.mark.network

# MLflow in an environment of its own, beside the frameworks that are installed here.
MLFLOW = Recipe(
    "tests-mlflow",
    requirements=(
        "mlflow-skinny==3.17.0",
        *(f"{name}=={installed.version(name)}" for name in ("numpy", "protobuf")),
    ),
    borrows=("sklearn",),
    pythons=("current",),
)
WITHOUT_EXAMPLE = {"keras"}
"""MLflow saves no example for this flavour where the model is saved to a folder."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of each flavour."""
    folder = tmp_path_factory.mktemp("mlflow")
    python = environments.find(MLFLOW).python
    command = [str(python), str(Path(mlflow_models.__file__)), str(folder), *mlflow_models.FLAVOURS]
    env = {**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(folder), "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def sklearn_report(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("sklearn")
    report = build(saved / "sklearn", cwd=folder)
    report["artifacts"][0]["path"] = str(folder / report["artifacts"][0]["path"])
    return report


@pytest.mark.parametrize("flavour", sorted(set(mlflow_models.FLAVOURS) - {"sklearn"}))
def test_a_saved_model_of_each_flavour_becomes_an_artifact(saved: Path, tmp_path: Path, flavour: str) -> None:
    report = build(saved / flavour, cwd=tmp_path)
    assert report["verification"]["passed"] and report["name"] == flavour
    about_the_example = [note for note in report["notes"] if "input example that MLflow saved" in note]
    assert len(about_the_example) == (0 if flavour in WITHOUT_EXAMPLE else 1)
    rows = "signature" if flavour in WITHOUT_EXAMPLE else "samples"
    assert report["verification"]["source_of_rows"] == rows


def test_the_columns_of_a_model_without_names_are_those_that_were_saved(sklearn_report: Any) -> None:
    names = [feature["name"] for feature in sklearn_report["signature"]["features"]]
    assert names == ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    assert sklearn_report["verification"]["rows"] == 5


def test_the_users_own_rows_by_those_names_come_before_the_example(saved: Path, tmp_path: Path) -> None:
    header = "petal width (cm),sepal length (cm),sepal width (cm),petal length (cm)\n"
    (tmp_path / "rows.csv").write_text(header + "0.2,5.1,3.5,1.4\n1.3,6.0,2.9,4.5\n")
    report = build(saved / "sklearn", "--samples", "rows.csv", cwd=tmp_path)
    assert report["verification"]["rows"] == 2
    assert not [note for note in report["notes"] if "MLflow" in note]


def test_a_rebuild_gives_the_same_bytes_until_the_model_changes(saved: Path, sklearn_report: Any) -> None:
    artifact = sklearn_report["artifacts"][0]["path"]
    again = packager("verify", artifact, "--rebuild", cwd=saved)
    assert again.exit_code == 0, again.stderr
    with (saved / "sklearn" / "MLmodel").open("a") as file:
        file.write("\n# touched\n")
    changed = packager("verify", artifact, "--rebuild", cwd=saved)
    assert changed.exit_code == 4 and "has changed since" in changed.stderr
