"""Pickle and joblib files of hostile kinds: pickle runs each, the worker none."""

import sys
from pathlib import Path

import joblib
import pytest

from packager.converters.pickles.unpickler import unsafe
from tests.converters.hostile_pickles import TRICKS
from tests.converters.jobs import do


@pytest.fixture(params=sorted(TRICKS))
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A hostile file, and the file that appears if it runs."""
    canary = tmp_path / "it_ran"
    path = tmp_path / "model.joblib"
    path.write_bytes(TRICKS[request.param](canary))
    assert not canary.exists()
    return path, canary


def test_joblib_runs_the_hostile_file(hostile: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path, canary = hostile
    monkeypatch.setattr(sys, "path", [str(path.parent), *sys.path])
    try:
        joblib.load(path)
    except Exception as error:  # noqa: BLE001 - what it raises afterwards does not matter
        print(error)
    assert canary.exists()


@pytest.mark.parametrize("action", ["inspect", "convert"])
def test_the_worker_refuses_the_hostile_file(hostile: tuple[Path, Path], tmp_path: Path, action: str) -> None:
    path, canary = hostile
    error = do(tmp_path / "job", path, action=action, import_paths=[str(tmp_path)]).error
    assert not canary.exists()
    assert error["kind"] == "UnsafeModelError"
    assert "Traceback" not in error["message"]


def test_the_hint_names_every_class_that_a_model_of_ones_own_code_needs() -> None:
    names = [f"ours.Step{at}" for at in range(9)]
    assert str(unsafe(names).hint).endswith(" ".join(f"--allow {name}" for name in names))
