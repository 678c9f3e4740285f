"""S3, and what speaks like it. An object appears whole or not at all, and never unasked over another."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pyarrow as pa

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.stores import Found
from runtimes.batch.stores.answers import About
from runtimes.batch.stores.calls import Calls, RefusalError
from runtimes.batch.stores.disk import failures
from runtimes.batch.stores.patience import Patience, patience_of_environment
from runtimes.batch.stores.patterns import GLOB, Pattern, literal_start
from runtimes.batch.stores.remote import RemoteFile
from runtimes.batch.stores.spans import cut, joined
from runtimes.batch.stores.under_way import UnderWay
from runtimes.batch.work import InputFile

_DOWNLOADS = 6
_LARGEST_BYTES = 5 << 30
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
_SCRATCH = "packager-batch-"


class S3:
    """The store of ``s3://`` URIs."""

    def __init__(
        self,
        endpoint_url: str = "",
        stopping: threading.Event | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._calls = Calls(
            endpoint_url, patience or patience_of_environment(), stopping or threading.Event()
        )
        self.traffic = self._calls.traffic
        self._scratch = UnderWay(_temporary(), _SCRATCH)
        self._exclusive = False
        self._pool = ThreadPoolExecutor(_DOWNLOADS, "download")

    def find(self, pattern: str) -> list[Found]:
        """Objects by key, prefix or glob."""
        bucket, key = _split(pattern)
        about = About(f"listing {pattern}", bucket, pattern)
        refused = JobError(
            f"there are no objects {pattern}", "check the key; names that begin with _ or . do not count"
        )
        try:
            whole = self._whole(about, key) if key and not key.endswith("/") else []
        except TryAgainError:
            raise
        except JobError as error:  # a prefix that is no key may be denied as one
            whole, refused = [], error
        found = whole or sorted(self._matches(about, key.rstrip("/")), key=lambda one: one.uri)
        if not found:
            raise refused
        return found

    def open(self, file: InputFile) -> pa.NativeFile:
        """The object, for reads anywhere in it; each is of the planned version."""
        if not file.size_bytes:
            self._check(file)
        return pa.PythonFile(
            RemoteFile(file.size_bytes, lambda start, stop: self._fetch(file, start, stop)), "r"
        )

    @contextlib.contextmanager
    def local(self, file: InputFile, spans: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """A sparse copy of the spans. It is of the planned version, whatever becomes of the object."""
        path = os.path.join(self.folder(""), f"{os.urandom(8).hex()}.part")
        ranges = cut(joined(spans, file.size_bytes))
        if not ranges:
            self._check(file)
        try:
            with failures(path), open(path, "xb", buffering=0) as copy:
                self._download(file, ranges, copy.fileno())
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
        bucket, key = _split(uri)
        about, tries = About(f"writing {uri}", bucket, uri), self._calls.tries()
        condition: dict[str, str] | None = {"IfNoneMatch": "*"}
        with failures(path), open(path, "rb") as content:
            size_bytes = os.path.getsize(path)
            if size_bytes > _LARGEST_BYTES:
                raise JobError(f"{uri} has {size_bytes} bytes, over 5 GiB", "give a smaller --shard-rows")
            while condition and not self._put(about, key, content, sha256, {}, condition):
                condition = self._condition(about, key, sha256)
                if condition and "IfNoneMatch" in condition:
                    tries.again(TryAgainError(f"{uri} is being written by another", "start again"))
        if condition:
            self.traffic.add(bytes_written=size_bytes)
        os.unlink(path)

    def create(self, uri: str, data: bytes) -> bool:
        """One request on condition that nothing is there. Who wrote it stands beside it, so that a write
        whose answer was lost is known for one's own."""
        bucket, key = _split(uri)
        about, tries, writer = About(f"writing {uri}", bucket, uri), self._calls.tries(), os.urandom(16).hex()
        sha256 = hashlib.sha256(data).hexdigest()
        while True:
            if self._put(about, key, data, sha256, {"writer": writer}, {"IfNoneMatch": "*"}):
                self.traffic.add(bytes_written=len(data))
                self._check_exclusive(about, key, data, sha256)
                return True
            there = self._head(about, key)
            if there is not None:
                return bool(there["Metadata"].get("writer") == writer)
            tries.again(TryAgainError(f"{uri} is being written by another", "start again"))

    def read(self, uri: str) -> bytes | None:
        """A small object's content."""
        bucket, key = _split(uri)
        try:
            return self._calls.content(About(f"reading {uri}", bucket, uri), ("NoSuchKey",), Key=key)
        except RefusalError:
            return None

    def names(self, folder: str) -> set[str]:
        """The names of the objects right under a prefix."""
        bucket, key = _split(folder.rstrip("/") + "/")
        about = About(f"listing {folder}", bucket, folder)
        listed = (one["Key"][len(key) :] for one in self._list(about, Prefix=key, Delimiter="/"))
        return {name for name in listed if name and not name.startswith(".")}

    def sweep(self, output: str) -> None:  # noqa: ARG002  nothing is ever under way in S3 itself
        """Remove the scratch folders of dead processes."""
        self._scratch.sweep()

    def close(self) -> None:
        """Remove this process's scratch folder."""
        self._scratch.remove()

    def _whole(self, about: About, key: str) -> list[Found]:
        """The one object with this very key."""
        answer = self._head(about, key)
        if answer is None:
            return []
        return [Found(f"s3://{about.bucket}/{key}", answer["ContentLength"], answer["ETag"].strip('"'))]

    def _matches(self, about: About, key: str) -> Iterator[Found]:
        pattern = Pattern(key or "**")
        glob = GLOB.search(key)
        prefix = key[: glob.start()] if glob else f"{literal_start(key)}/" if key else ""
        for one in self._list(about, Prefix=prefix):
            if not one["Key"].endswith("/") and pattern.matches(one["Key"]):
                yield Found(f"s3://{about.bucket}/{one['Key']}", one["Size"], one["ETag"].strip('"'))

    def _list(self, about: About, **arguments: str) -> Iterator[dict[str, Any]]:
        answer: dict[str, Any] = {"IsTruncated": True}
        while answer["IsTruncated"]:
            if "NextContinuationToken" in answer:
                arguments["ContinuationToken"] = answer["NextContinuationToken"]
            answer = self._calls.ask("list_objects_v2", about, (), **arguments)
            yield from answer.get("Contents", ())

    def _head(self, about: About, key: str) -> dict[str, Any] | None:
        try:
            return self._calls.ask("head_object", about, ("NoSuchKey",), Key=key)
        except RefusalError:
            return None

    def _put(
        self,
        about: About,
        key: str,
        content: Any,
        sha256: str,
        metadata: dict[str, str],
        condition: dict[str, str],
    ) -> bool:
        """Whether it was stored: False where the condition does not hold."""
        try:
            self._calls.ask(
                "put_object",
                about,
                _TAKEN,
                Key=key,
                Body=content,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                Metadata={**metadata, "sha256": sha256},
                **condition,
            )
        except RefusalError:
            return False
        return True

    def _check_exclusive(self, about: About, key: str, data: bytes, sha256: str) -> None:
        """Once, write again what was just written: a store that lets that happen knows no conditions."""
        if not self._exclusive and self._put(about, key, data, sha256, {}, {"IfNoneMatch": "*"}):
            raise JobError(
                f"the store of {about.uri} writes over a file in spite of If-None-Match",
                "use a store that knows conditional writes: without them two jobs could harm each other",
            )
        self._exclusive = True

    def _condition(self, about: About, key: str, sha256: str) -> dict[str, str] | None:
        """On what condition to write where a write was refused; None where our content is there."""
        there = self._head(about, key)
        if there is None:
            return {"IfNoneMatch": "*"}
        return None if there["Metadata"].get("sha256") == sha256 else {"IfMatch": there["ETag"]}

    def _check(self, file: InputFile) -> None:
        """JobError where nothing of a file is read, and it is another than was planned."""
        bucket, key = _split(file.uri)
        about = About(f"reading {file.uri}", bucket, file.uri)
        self._calls.ask("head_object", about, (), Key=key, IfMatch=f'"{file.version}"')

    def _fetch(self, file: InputFile, start: int, stop: int) -> bytes:
        bucket, key = _split(file.uri)
        about = About(f"reading {file.uri}", bucket, file.uri)
        return b"".join(self._calls.pieces(file, about, key, start, stop))

    def _download(self, file: InputFile, ranges: list[tuple[int, int]], descriptor: int) -> None:
        """Fill the ranges of a sparse file, a few at once."""
        os.ftruncate(descriptor, file.size_bytes)
        broken = threading.Event()
        tasks = [self._pool.submit(self._fill, file, one, descriptor, broken) for one in ranges]
        try:
            for task in tasks:
                task.result()
        finally:
            broken.set()
            for task in tasks:
                task.cancel()
            wait(tasks)  # none writes on when the file is closed

    def _fill(self, file: InputFile, span: tuple[int, int], descriptor: int, broken: threading.Event) -> None:
        bucket, key = _split(file.uri)
        about, place = About(f"reading {file.uri}", bucket, file.uri), span[0]
        for piece in self._calls.pieces(file, about, key, *span):
            if broken.is_set():
                return
            _write(descriptor, piece, place)
            place += len(piece)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError as error:
        raise JobError(
            f"there is no folder for what is under way: {error.strerror}", "set TMPDIR to one with room"
        ) from None


def _write(descriptor: int, piece: bytes, place: int) -> None:
    rest = memoryview(piece)
    while rest:
        written = os.pwrite(descriptor, rest, place)
        rest, place = rest[written:], place + written


def _split(uri: str) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise JobError(f"{uri} names no bucket", "write s3://BUCKET/KEY")
    return bucket, key
