"""The file that a writer writes: what the disk refuses becomes a sentence, what is abandoned is removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa

from runtimes.batch.errors import TryAgainError


@contextmanager
def writing(path: str) -> Iterator[None]:
    """A full disk may have room on another try."""
    try:
        yield
    except OSError as error:
        raise TryAgainError(
            f"{path} cannot be written: {error.strerror or error}",
            "make room on the disk, then start the job again",
        ) from error


def create(path: str) -> pa.NativeFile:
    """An empty file."""
    with writing(path):
        return pa.OSFile(path, "wb")


def remove(path: str, sink: pa.NativeFile) -> None:
    """Close and remove a file, whatever state it is in."""
    with suppress(OSError):
        sink.close()
    with suppress(FileNotFoundError):
        os.unlink(path)
