"""The file that a writer writes: begun or not there, and removed when it is abandoned."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.stores.disk import failures


@contextmanager
def writing(path: str, kind: str) -> Iterator[None]:
    """Around what writes rows: a full disk, and a value that a format cannot hold though its type can be."""
    with failures(path):
        try:
            yield
        except pa.ArrowInvalid as error:
            raise JobError(
                f"a value cannot be written as {kind}: {str(error).strip()}",
                "leave its column out with --keep, or choose another --output-format",
            ) from error


@contextmanager
def beginning(path: str) -> Iterator[pa.NativeFile]:
    """A file in which a writer begins; it is removed where that fails."""
    with failures(path):
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
