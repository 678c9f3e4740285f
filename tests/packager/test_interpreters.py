"""Interpreters are found by what they say when they are started."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager import interpreters

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    interpreters.find.cache_clear()
    yield
    interpreters.find.cache_clear()


def script(path: Path, answer: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_takes_this_interpreter_for_its_own_version() -> None:
    found = interpreters.find(HERE)
    assert found == interpreters.Interpreter(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))


def test_reports_none_for_a_version_that_nobody_has() -> None:
    assert interpreters.find("3.99") is None


@pytest.mark.parametrize(
    "answer", ["pypy 3.98.1 final", "cpython 3.98.0 candidate", "cpython 3.98.0", "no such command"]
)
def test_does_not_take_what_is_no_final_cpython(tmp_path: Path, answer: str) -> None:
    assert interpreters.examine(script(tmp_path / "python", answer)) is None


def test_does_not_take_what_fails_to_start(tmp_path: Path) -> None:
    assert interpreters.examine(script(tmp_path / "python", "cpython 3.98.0 final", code=127)) is None
    assert interpreters.examine(tmp_path / "missing") is None


def test_takes_the_newest_of_pyenvs_and_not_its_previews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("3.98.2", "3.98.10", "3.98-dev", "3.9.8"):
        version = name if name[-1].isdigit() else "3.98.99"
        script(tmp_path / "versions" / name / "bin" / "python", f"cpython {version} final")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    found = interpreters.find("3.98")
    assert found is not None
    assert found.version == "3.98.10"


def test_takes_the_one_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = script(tmp_path / "python3.98", "cpython 3.98.0 final")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = interpreters.find("3.98")
    assert found is not None
    assert found.path.samefile(here)
