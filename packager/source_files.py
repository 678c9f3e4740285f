"""The files that a model consists of: that they are there, that they are not too many, and their digest."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from packager import mlflow_folder
from packager.errors import SourceError

_SAVED_MODEL = "saved_model.pb"
_MOST_FILES = 10_000
_MOST_BYTES = 20 * 10**9
"""More than the largest image that Lambda takes, twice: to read it all would only waste an hour."""


def check(path: Path) -> None:
    """Refuse at once what can be no model: nothing there, an address, any folder, more than could be read."""
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(path)):
        raise SourceError(f"{path} is an address, not a file on this machine", "download the model first")
    if not path.exists():
        raise SourceError(f"there is no model at {path}", "check the path")
    if not path.is_dir() and not path.is_file():
        raise SourceError(f"{path} is neither a file nor a folder", "name the model file")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes)", "save the model again")
    if path.is_dir() and not mlflow_folder.is_mlflow(path) and not (path / _SAVED_MODEL).is_file():
        raise SourceError(
            f"{path} is a folder and no model: it has no {_SAVED_MODEL} (SavedModel), no MLmodel (MLflow)",
            "name the model file in it",
        )
    size_of(path)


def size_of(path: Path) -> int:
    """Bytes of all of the model's files; SourceError where they are more than could be converted."""
    size_bytes = 0
    for file in files_of(path):
        size_bytes += file.stat().st_size
        if size_bytes > _MOST_BYTES:
            raise SourceError(
                f"{path} is larger than {_MOST_BYTES // 10**9} GB, more than any target takes",
                "name one model, not the folder of many",
            )
    return size_bytes


def digest_of(path: Path) -> str:
    """Hexadecimal SHA-256 of one file, or of a folder: of its files' digests and names, in order."""
    if path.is_file():
        return sha256_of(path)
    lines = [f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in files_of(path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_of(path: Path) -> list[Path]:
    """The file itself; of an MLflow folder what is read of it; of a SavedModel all, sorted."""
    if not path.is_dir():
        return [path]
    if mlflow_folder.is_mlflow(path):
        return sorted(set(mlflow_folder.read(path).files))
    found: list[Path] = []
    for file in _walked(path):
        found.append(file)
        if len(found) > _MOST_FILES:
            raise SourceError(
                f"{path} holds more than {_MOST_FILES} files, which no model does",
                "name the model's own folder",
            )
    return sorted(found)


def _walked(folder: Path) -> Iterator[Path]:
    """Links to folders are not followed: they can lead in a circle."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if Path(place, name).is_file())
