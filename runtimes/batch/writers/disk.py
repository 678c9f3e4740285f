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
        reason = os.strerror(error.errno) if error.errno else error
        raise TryAgainError(
            f"{path} cannot be written: {reason}",
            "make room on the disk, then start the job again",
        ) from error


@contextmanager
def beginning(path: str) -> Iterator[pa.NativeFile]:
    """A file in which a writer begins; it is removed where that fails."""
    with writing(path):
        sink = pa.OSFile(path, "wb")
        try:
            yield sink
        except BaseException:
            remove(path, sink)
            raise


def remove(path: str, sink: pa.NativeFile) -> None:
    """Close and remove a file, whatever state it is in."""
    with suppress(OSError):
        sink.close()
    with suppress(FileNotFoundError):
        os.unlink(path)
