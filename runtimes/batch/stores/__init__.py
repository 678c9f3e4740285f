"""Where files are: this machine's disks, or S3. One protocol; a URI says which."""

from __future__ import annotations

import threading
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


class Traffic:
    """What a store did so far, counted from all threads: for the metrics."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes_read = 0
        self.bytes_written = 0
        self.requests = 0
        self.retries = 0

    def add(
        self, *, bytes_read: int = 0, bytes_written: int = 0, requests: int = 0, retries: int = 0
    ) -> None:
        """Count."""
        with self._lock:
            self.bytes_read += bytes_read
            self.bytes_written += bytes_written
            self.requests += requests
            self.retries += retries


class Store(Protocol):
    """Files by URI. Every method raises JobError where another try is in vain (no such bucket, denied,
    changed since it was planned), and TryAgainError when all tries of its own failed."""

    traffic: Traffic

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

    def size(self, uri: str) -> int | None:
        """How many bytes a file has; None when there is none."""

    def sizes(self, folder: str) -> dict[str, int]:
        """The same of the files right in a folder, by name, without hidden ones; empty when there is none."""

    def sweep(self, output: str) -> None:
        """Remove what dead processes of this machine left under way."""

    def close(self) -> None:
        """Remove what this process has under way itself, at the end of its work."""


def store_of(uri: str, endpoint_url: str = "", stopping: threading.Event | None = None) -> Store:
    """The store of a URI. Once ``stopping`` is set, it waits for no other try and begins no further piece of
    a download: InterruptedJobError. What can be written at the first try still is."""
    if uri.startswith("s3://"):
        return cast(Store, import_module("runtimes.batch.stores.s3").S3(endpoint_url, stopping))
    return cast(Store, import_module("runtimes.batch.stores.local").Local())


class Stores:
    """The stores that a job needs, each opened once."""

    def __init__(self, endpoint_url: str = "", stopping: threading.Event | None = None) -> None:
        self._endpoint_url = endpoint_url
        self._stopping = stopping
        self._opened: dict[bool, Store] = {}
        self._lock = threading.Lock()

    def of(self, uri: str) -> Store:
        """The store of a URI."""
        remote = uri.startswith("s3://")
        with self._lock:
            if remote not in self._opened:
                self._opened[remote] = store_of(uri, self._endpoint_url, self._stopping)
            return self._opened[remote]

    def traffic(self) -> dict[str, int]:
        """What all of them did, by kind."""
        kinds = ("bytes_read", "bytes_written", "requests", "retries")
        found = [store.traffic for store in self._opened.values()]
        return {kind: sum(getattr(one, kind) for one in found) for kind in kinds}

    def close(self) -> None:
        """Remove what this process has under way."""
        for store in self._opened.values():
            store.close()
