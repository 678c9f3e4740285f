"""Where files are: this machine's disks, or S3. One protocol; a URI says which."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import pyarrow as pa

from runtimes.batch.work import InputFile


@dataclass(frozen=True)
class Found:
    """A file of the store: where it is, how large, and what tells its content from any other."""

    uri: str
    size_bytes: int
    version: str


class Store(Protocol):
    """Files by URI. Every method raises JobError where another try is in vain (no such bucket, denied,
    changed since it was planned), and TryAgainError when all tries of its own failed."""

    def find(self, pattern: str) -> list[Found]:
        """The files that a path, folder (all files in it, but hidden ones and those that begin with `_`) or
        glob names, sorted by URI. JobError when there are none."""

    def open(self, file: InputFile) -> pa.NativeFile:
        """For reads anywhere in it; JobError where its version is another by now."""

    def local(self, file: InputFile, spans: tuple[tuple[int, int], ...]) -> AbstractContextManager[str]:
        """A path under which the spans of the file can be read: its own, or that of a sparse copy, which is
        removed afterwards. JobError where its version is another by now (also at the end)."""

    def folder(self, output: str) -> str:
        """An existing folder of this machine in which a file that will be published to ``output`` is written:
        hidden from readers of the output, and on the same disk where a rename is to publish it."""

    def publish(self, path: str, uri: str, sha256: str) -> None:
        """Let the finished file of this machine appear under ``uri``, whole or not at all, and remove it
        here. What is there already with the same SHA-256 stays; another content is replaced."""

    def create(self, uri: str, data: bytes) -> bool:
        """Let a small file appear; False when there is one already, which stays (a conditional write)."""

    def read(self, uri: str) -> bytes | None:
        """A small file's content; None when there is none."""

    def names(self, folder: str) -> set[str]:
        """The names of the files in a folder; empty when there is no such folder."""

    def sweep(self, output: str) -> None:
        """Remove what dead processes of this machine left under way."""


def store_of(uri: str, endpoint_url: str = "") -> Store:
    """The store of a URI."""
    if uri.startswith("s3://"):
        return cast(Store, import_module("runtimes.batch.stores.s3").S3(endpoint_url))
    return cast(Store, import_module("runtimes.batch.stores.local").Local())
