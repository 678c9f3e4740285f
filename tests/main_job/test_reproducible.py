"""The same model gives the same bytes, whatever the machine around the build looks like."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.main_job import sources

REVERSED_FOLDERS = """
import os

_listdir, _scandir = os.listdir, os.scandir


class _Reversed:
    def __init__(self, entries):
        self._entries = entries

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._entries = []

    def __iter__(self):
        return iter(self._entries)

    def __next__(self):
        if not self._entries:
            raise StopIteration
        return self._entries.pop(0)

    def close(self):
        self._entries = []


def listdir(path="."):
    return sorted(_listdir(path), reverse=True)


def scandir(path="."):
    with _scandir(path) as entries:
        return _Reversed(sorted(entries, key=lambda entry: entry.name, reverse=True))


os.listdir, os.scandir = listdir, scandir
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is different around one build."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    umask: int = 0o022
    own_folder: bool = False
    older_source: bool = False
    reversed_folders: bool = False


VARIATIONS = (
    Surroundings("time zone", {"TZ": "Pacific/Kiritimati"}),
    Surroundings("umask", umask=0o077),
    Surroundings("locale", {"LC_ALL": "C", "LANG": "de_DE.UTF-8", "PYTHONUTF8": "0"}),
    Surroundings("hash seed", {"PYTHONHASHSEED": "4242"}),
    Surroundings("working folder", own_folder=True, older_source=True),
    Surroundings(
        "user",
        {"USER": "somebody", "LOGNAME": "somebody", "HOME": "/nonexistent"},
        ("unshare", "--user", "--map-user=1234", "--map-group=1234"),
    ),
    Surroundings("folder order", reversed_folders=True),
    Surroundings("clock", prefix=("faketime", "2031-05-06 07:08:09")),
)
ALL_AT_ONCE = Surroundings(
    "all at once", {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}, umask=0o077,
    own_folder=True, older_source=True, reversed_folders=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model file and the checksums of its plain build."""
    folder = tmp_path_factory.mktemp("plain")
    made = sources.forest(folder)
    return made.model, checksums(made.model, Surroundings("plain"), folder)


@pytest.mark.parametrize("around", VARIATIONS, ids=lambda around: around.name)
def test_a_pickled_forest_gives_the_same_bytes(
    pipeline: tuple[Path, str], around: Surroundings, tmp_path: Path
) -> None:
    model, expected = pipeline
    assert checksums(model, around, tmp_path) == expected


def test_a_torch_program_gives_the_same_bytes(tmp_path: Path) -> None:
    made = sources.exported_cnn(tmp_path)
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.mkdir()
    other.mkdir()
    expected = checksums(made.model, Surroundings("plain"), plain)
    assert checksums(made.model, ALL_AT_ONCE, other) == expected


def checksums(model: Path, around: Surroundings, folder: Path) -> str:
    """Build in these surroundings and return the artifact's SHA256SUMS."""
    if around.prefix and shutil.which(around.prefix[0]) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{around.prefix[0]} is missing; .ci/run installs it")
        pytest.skip(f"{around.prefix[0]} is not installed")
    source, cwd = model, Path.cwd()
    if around.older_source:
        source = folder / "elsewhere" / model.name
        source.parent.mkdir()
        shutil.copyfile(model, source)
        os.utime(source, (1_000_000_000, 1_000_000_000))
    if around.own_folder:
        cwd = folder
    environment = _environment(around, folder)
    command = [*around.prefix, sys.executable, "-m", "packager", "build", str(source)]
    command += ["--name", "same", "--output", str(folder / "out")]
    done = subprocess.run(
        command, cwd=cwd, env=environment, umask=around.umask, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return (folder / "out" / "same" / "lambda" / "SHA256SUMS").read_text()


def _environment(around: Surroundings, folder: Path) -> dict[str, str]:
    from packager import cache

    environment = {**os.environ, "PACKAGER_CACHE_DIR": str(cache.root()), **around.environment}
    environment.pop("SOURCE_DATE_EPOCH", None)
    if around.reversed_folders:
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(REVERSED_FOLDERS)
        environment["PYTHONPATH"] = str(folder / "site")
    return environment
