"""S3, and what speaks like it. An object appears whole or not at all, and never unasked over another."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.stores import Found
from runtimes.batch.stores.answers import About, about
from runtimes.batch.stores.calls import Calls, RefusalError
from runtimes.batch.stores.disk import failures
from runtimes.batch.stores.downloads import Downloads
from runtimes.batch.stores.patience import Patience, patience_of_environment
from runtimes.batch.stores.patterns import GLOB, Pattern
from runtimes.batch.stores.remote import RemoteFile
from runtimes.batch.stores.under_way import UnderWay
from runtimes.batch.stores.uploads import Uploads
from runtimes.batch.work import InputFile

_SCRATCH = "packager-batch-"


class S3:
    """The store of ``s3://`` URIs."""

    def __init__(
        self,
        endpoint_url: str = "",
        stopping: threading.Event | None = None,
        patience: Patience | None = None,
    ) -> None:
        stopping = stopping or threading.Event()
        self._calls = Calls(endpoint_url, patience or patience_of_environment(), stopping)
        self._downloads = Downloads(self._calls)
        self._uploads = Uploads(self._calls)
        self._scratch = UnderWay(_temporary(), _SCRATCH)
        self.traffic = self._calls.traffic

    def find(self, pattern: str) -> list[Found]:
        """Objects by key, prefix or glob."""
        what = about("listing", pattern)
        refused = JobError(
            f"there are no objects {pattern}", "check the key; names that begin with _ or . do not count"
        )
        try:
            found = self._whole(what)
        except TryAgainError:
            raise
        except JobError as error:  # a prefix that is no key may be denied as one
            found, refused = [], error
        found = found or sorted(self._matches(what), key=lambda one: one.uri)
        if not found:
            raise refused
        return found

    def open(self, file: InputFile) -> pa.NativeFile:
        """The object, for reads anywhere in it; each is of the planned version."""
        if not file.size_bytes:
            self._downloads.check(file)
        return pa.PythonFile(RemoteFile(file.size_bytes, partial(self._downloads.fetch, file)), "r")

    @contextlib.contextmanager
    def local(self, file: InputFile, spans: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """A sparse copy of the spans. It is of the planned version, whatever becomes of the object."""
        path = os.path.join(self.folder(""), f"{os.urandom(8).hex()}.part")
        try:
            with failures(path), open(path, "xb", buffering=0) as copy:
                self._downloads.copy(file, spans, copy.fileno())
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def folder(self, output: str) -> str:  # noqa: ARG002  it is the same for every output
        """A scratch folder of this process."""
        with failures(_temporary()):
            return self._scratch.folder()

    def publish(self, path: str, uri: str, sha256: str) -> None:
        """One request with the whole content, on condition of what is there."""
        with failures(path):
            self._uploads.publish(path, uri, sha256)
            os.unlink(path)

    def create(self, uri: str, data: bytes) -> bool:
        """One request on condition that nothing is there."""
        return self._uploads.create(uri, data)

    def read(self, uri: str) -> bytes | None:
        """A small object's content."""
        try:
            return self._calls.content(about("reading", uri), ("NoSuchKey",))
        except RefusalError:
            return None

    def size(self, uri: str) -> int | None:
        """How many bytes an object has."""
        answer = self._calls.head(about("reading", uri))
        return None if answer is None else int(answer["ContentLength"])

    def sizes(self, folder: str) -> dict[str, int]:
        """The same of the objects right under a prefix."""
        what = about("listing", folder.rstrip("/") + "/")
        listed = self._calls.listed(what, Prefix=what.key, Delimiter="/")
        found = {one["Key"].removeprefix(what.key): one["Size"] for one in listed}
        return {name: size for name, size in found.items() if name and not name.startswith(".")}

    def sweep(self, output: str) -> None:  # noqa: ARG002  nothing is ever under way in S3 itself
        """Remove the scratch folders of dead processes."""
        self._scratch.sweep()

    def close(self) -> None:
        """Remove this process's scratch folder."""
        self._scratch.remove()

    def _whole(self, what: About) -> list[Found]:
        """The one object with this very key."""
        answer = None if what.key.endswith("/") or not what.key else self._calls.head(what)
        return [] if answer is None else [Found(what.uri, answer["ContentLength"], answer["ETag"].strip('"'))]

    def _matches(self, what: About) -> Iterator[Found]:
        key = what.key.rstrip("/")
        pattern, glob = Pattern(key or "**"), GLOB.search(key)
        prefix = key[: glob.start()] if glob else key and f"{key}/"
        for one in self._calls.listed(what, Prefix=prefix):
            if not one["Key"].endswith("/") and pattern.matches(one["Key"]):
                yield Found(f"s3://{what.bucket}/{one['Key']}", one["Size"], one["ETag"].strip('"'))


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError as error:
        raise JobError(
            f"there is no folder for what is under way: {error.strerror}", "set TMPDIR to one with room"
        ) from None
