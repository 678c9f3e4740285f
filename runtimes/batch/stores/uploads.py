"""How objects appear: whole, by one request, and only under the condition that was meant."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.stores.answers import About, about
from runtimes.batch.stores.calls import Calls, RefusalError

_LARGEST_BYTES = 5 << 30
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
_NOTHING_THERE = {"IfNoneMatch": "*"}


class Uploads:
    """Into one store, from any thread."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._knows_conditions = False

    def publish(self, path: str, uri: str, sha256: str) -> None:
        """A file, unless its content is there already; another content is replaced."""
        what, tries = about("writing", uri), self._calls.tries()
        size_bytes = os.path.getsize(path)
        if size_bytes > _LARGEST_BYTES:
            raise JobError(f"{uri} has {size_bytes} bytes, over 5 GiB", "give a smaller --shard-rows")
        condition = _NOTHING_THERE
        with open(path, "rb") as content:
            while not self._put(what, content, {"sha256": sha256}, condition):
                there = self._calls.head(what)
                if there is not None and there["Metadata"].get("sha256") == sha256:
                    return
                if there is None or condition is not _NOTHING_THERE:  # somebody writes it this moment
                    tries.again(TryAgainError(f"{uri} is being written by another", "start again"))
                condition = _NOTHING_THERE if there is None else {"IfMatch": there["ETag"]}
        self._calls.traffic.add(bytes_written=size_bytes)

    def create(self, uri: str, data: bytes) -> bool:
        """A small file, unless there is one already: False. Who wrote it stands beside it, so that a write
        whose answer was lost is known for one's own."""
        what, tries = about("writing", uri), self._calls.tries()
        metadata = {"writer": os.urandom(16).hex(), "sha256": hashlib.sha256(data).hexdigest()}
        while not self._put(what, data, metadata, _NOTHING_THERE):
            there = self._calls.head(what)
            if there is not None:
                return bool(there["Metadata"].get("writer") == metadata["writer"])
            tries.again(TryAgainError(f"{uri} is being written by another", "start again"))
        self._calls.traffic.add(bytes_written=len(data))
        self._check_conditions(what, data, metadata)
        return True

    def _put(self, what: About, content: Any, metadata: dict[str, str], condition: dict[str, str]) -> bool:
        """Whether it was stored: False where the condition does not hold."""
        checksum = base64.b64encode(bytes.fromhex(metadata["sha256"])).decode()
        try:
            self._calls.ask(
                "put_object",
                what,
                _TAKEN,
                Body=content,
                ChecksumSHA256=checksum,
                Metadata=metadata,
                **condition,
            )
        except RefusalError:
            return False
        return True

    def _check_conditions(self, what: About, data: bytes, metadata: dict[str, str]) -> None:
        """Once, write again what was just written: a store that lets that happen knows no conditions."""
        if not self._knows_conditions and self._put(what, data, metadata, _NOTHING_THERE):
            raise JobError(
                f"the store of {what.uri} writes over a file in spite of If-None-Match",
                "use a store that knows conditional writes: without them two jobs could harm each other",
            )
        self._knows_conditions = True
