"""Fetches blobs by digest: what is here already is not asked for, what broke off is gone on with."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import TYPE_CHECKING

from edge.update.errors import RefusedError, UnreachableError
from edge.update.slots import digest_of, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edge.update.home import Home
    from edge.update.source import Source

_PART = ".part"


class Transfer:
    """Brings blobs into `incoming/`, within a time for all of them together."""

    def __init__(self, home: Home, source: Source, limit_s: float) -> None:
        self._home = home
        self._source = source
        self._limit_s = limit_s
        self._ends = time.monotonic() + limit_s
        self.fetched_bytes = 0

    def bring(self, sha256: str, size_bytes: int) -> str:
        """The path of the blob, which holds what its digest says."""
        path = os.path.join(self._home.incoming, sha256)
        if holds(path, sha256, size_bytes):
            return path
        self._home.disk.clear(path)
        part = path + _PART
        for _ in range(2):
            resumed, digest = self._complete(part, sha256, size_bytes)
            if digest == sha256:
                self._home.disk.sync(part)
                self._home.disk.rename(part, path)
                return path
            self._home.disk.clear(part)
            if not resumed:
                break
        raise RefusedError(f"the source's blob {sha256} holds something else: nothing is taken")

    def missing_bytes(self, sha256: str, size_bytes: int) -> int:
        """How much of a blob is still to come, by what lies here."""
        path = os.path.join(self._home.incoming, sha256)
        return max(0, size_bytes - (_length(path) or _length(path + _PART) or 0))

    def _complete(self, part: str, sha256: str, size_bytes: int) -> tuple[bool, str]:
        """Whether something lay here already, and the digest of it with all that was missing."""
        disk = self._home.disk
        offset = _length(part)
        if offset is not None and offset <= size_bytes:
            with open(part, "rb", buffering=0) as file:
                digest = digest_of(file.read)
        else:
            disk.clear(part)
            disk.create(part)
            digest, offset = hashlib.sha256(), 0
        if offset < size_bytes:
            pieces = self._source.fetch(sha256, size_bytes, offset)
            self._append(part, pieces, size_bytes - offset, digest.update)
        return offset > 0, digest.hexdigest()

    def _append(self, part: str, pieces: Iterable[bytes], rest: int, note: Callable[[bytes], object]) -> None:
        for piece in pieces:
            self._check_time()
            rest -= len(piece)
            if rest < 0:
                self._home.disk.clear(part)
                raise RefusedError("the source gives more of a file than was signed: nothing is taken")
            if piece:
                self._home.disk.append(part, piece)
                note(piece)
                self.fetched_bytes += len(piece)
        if rest:
            raise UnreachableError(
                f"the source broke off {rest} bytes before a file's end; the next update goes on from there"
            )

    def _check_time(self) -> None:
        if time.monotonic() > self._ends:
            raise UnreachableError(
                f"the transfer took longer than {self._limit_s:g} s; the next update goes on from there "
                "(--transfer-s allows more)"
            )


def keep_only(home: Home, digests: set[str]) -> None:
    """Remove from `incoming/` what no release that is under way needs."""
    for name in sorted(os.listdir(home.incoming)):
        if name[:64] not in digests or name[64:] not in ("", _PART):
            home.disk.clear(os.path.join(home.incoming, name))


def _length(path: str) -> int | None:
    """A regular file's size; None where there is none."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
