"""torch files of hostile kinds: torch runs each, the worker none."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.converters import hostile_torch
from tests.converters.hostile_torch import PROGRAMS, WEIGHTS, program, rewritten
from tests.converters.jobs import do


def attempt(action: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            action()
        except Exception as error:  # noqa: BLE001 - what it raises afterwards does not matter
            print(type(error), str(error)[:300])


def assert_refused(folder: Path, path: Path, canary: Path, **changes: Any) -> str:
    for action in ("inspect", "convert"):
        error = do(folder / "job", path, action=action, import_paths=[str(folder)], **changes).error
        assert not canary.exists()
        assert error["kind"] == "UnsafeModelError", error
    return error["message"]


@pytest.mark.parametrize("trick", sorted(WEIGHTS))
def test_weights_that_run_something(trick: str, tmp_path: Path) -> None:
    path, canary = tmp_path / "model.pt", tmp_path / "it_ran"
    path.write_bytes(WEIGHTS[trick](canary))
    assert "builtins.exec" in assert_refused(tmp_path, path, canary)
    attempt(lambda: torch.load(path, weights_only=False))
    assert canary.exists()


@pytest.mark.parametrize("trick", sorted(PROGRAMS))
def test_programs_that_run_something(trick: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, canary = tmp_path / "model.pt2", tmp_path / "it_ran"
    path.write_bytes(PROGRAMS[trick](canary))
    assert_refused(tmp_path, path, canary)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    attempt(lambda: torch.export.load(path).module()(torch.ones(3, 4)))
    assert canary.exists()


def test_a_script_that_writes_a_file(tmp_path: Path) -> None:
    path, canary = tmp_path / "model.pt", tmp_path / "it_ran"
    path.write_bytes(hostile_torch.script_module(canary))
    np.save(tmp_path / "rows.npy", np.ones((3, 4), dtype=np.float32))
    message = assert_refused(tmp_path, path, canary, samples=str(tmp_path / "rows.npy"))
    assert "from_file" in message
    attempt(lambda: torch.jit.load(path)(torch.ones(1)))
    assert canary.exists()


def test_refuses_a_program_that_calls_what_is_no_operator(tmp_path: Path) -> None:
    (tmp_path / "model.pt2").write_bytes(hostile_torch.foreign_operator())
    assert "torch.os.system" in assert_refused(tmp_path, tmp_path / "model.pt2", tmp_path / "it_ran")


@pytest.mark.parametrize(
    "name",
    [
        "data/aotinductor/model/a.so",
        "data/constants/opaque_obj_0",
        "data/constants/custom_obj_0",
        "models/b.json",
    ],
)
def test_refuses_programs_with_more_than_a_program(name: str, tmp_path: Path) -> None:
    import io
    import zipfile

    file = io.BytesIO(program())
    root = zipfile.ZipFile(file).namelist()[0].partition("/")[0]
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"{root}/{name}", b"{}")
    (tmp_path / "model.pt2").write_bytes(file.getvalue())
    message = assert_refused(tmp_path, tmp_path / "model.pt2", tmp_path / "it_ran")
    assert name.rpartition("/")[2] in message


def test_the_unchanged_program_is_taken(tmp_path: Path) -> None:
    """So that the refusals above are of the change and not of the file."""
    (tmp_path / "model.pt2").write_bytes(rewritten(program(), lambda _, data: data))
    done = do(tmp_path / "job", tmp_path / "model.pt2", action="inspect")
    (rows,) = done.signature["inputs"]
    assert (rows["name"], rows["shape"], rows["limits"]) == ("rows", ["batch", 4], {"batch": [0, 64]})
