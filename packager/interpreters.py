"""Finds a CPython of a given version on this machine; nothing is downloaded."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import uv

_DESCRIBE = (
    "import sys; i = sys.implementation; v = sys.version_info; "
    "print(i.name, '%d.%d.%d' % v[:3], v.releaselevel)"
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython that was started and said its full ``version``, such as 3.13.0."""

    path: Path
    version: str


def own() -> Interpreter:
    """The interpreter that runs packager."""
    return Interpreter(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))


@cache
def find(version: str) -> Interpreter | None:
    """A final release of CPython ``version`` (such as "3.13"): this process's own interpreter first, then
    what uv finds, pyenv's, and PATH."""
    for candidate in _candidates(version):
        found = examine(candidate)
        if found is not None and found.version.startswith(f"{version}."):
            return found
    return None


def examine(path: Path) -> Interpreter | None:
    """Start the interpreter and ask what it is; None when it does not start or is not a final CPython."""
    try:
        done = subprocess.run(
            [str(path), "-I", "-S", "-c", _DESCRIBE], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    if done.returncode != 0 or len(words) != 3 or words[0] != "cpython" or words[2] != "final":
        return None
    return Interpreter(path, words[1])


def _candidates(version: str) -> Iterator[Path]:
    if sys.executable and version == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield Path(sys.executable)
    yield from _by_uv(version)
    yield from _by_pyenv(version)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)


def _by_uv(version: str) -> Iterator[Path]:
    try:
        command = [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", version]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
    if done.returncode == 0 and done.stdout.strip():
        yield Path(done.stdout.strip())


def _by_pyenv(version: str) -> Iterator[Path]:
    """pyenv's own versions, newest first: its shims answer only for the versions that are switched on."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [
        path for path in root.glob(f"{version}.*/bin/python") if path.parts[-3][len(version) + 1 :].isdigit()
    ]
    yield from sorted(found, key=lambda path: int(path.parts[-3].rpartition(".")[2]), reverse=True)
