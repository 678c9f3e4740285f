"""Holds files to the digests of a manifest: in pieces, on all processors, without OpenSSL.

BLAKE2b is part of every CPython. ``hashlib`` would bring OpenSSL, which takes 4 MB of memory and, on
processors without instructions of their own for SHA-256, more time.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    from _blake2 import blake2b
except ImportError:  # a Python without its own hashes
    from hashlib import blake2b

PIECE_BYTES = 4 << 20
"""Of each so many bytes of a file there is a digest, so that several processors share a large one."""
_DIGEST_BYTES = 32
_BUFFER_BYTES = 1 << 16
_WORTH_A_THREAD = 2 * PIECE_BYTES
_MOST_THREADS = 4


class Piece:
    """A part of a file with the digest that it should have."""

    __slots__ = ("digest", "name", "offset", "path", "size_bytes")

    def __init__(self, name: str, path: str, offset: int, size_bytes: int, digest: str) -> None:
        self.name = name
        self.path = path
        self.offset = offset
        self.size_bytes = size_bytes
        self.digest = digest


def pieces_of(name: str, path: str, size_bytes: int, digests: list[str]) -> list[Piece]:
    """The pieces of a file; as many as there must be, or none: then the digests are of another file."""
    starts = range(0, max(size_bytes, 1), PIECE_BYTES)
    if len(starts) != len(digests):
        return []
    return [
        Piece(name, path, start, min(PIECE_BYTES, size_bytes - start), digest)
        for start, digest in zip(starts, digests)
    ]


def find_wrong(pieces: list[Piece]) -> str | None:
    """Why the first wrong file is wrong, or None. Memory stays small, however large the files are."""
    waiting = pieces[::-1]
    wrong: list[str] = []
    total = sum([piece.size_bytes for piece in pieces])
    helpers = min(_processors(), _MOST_THREADS) - 1 if total >= _WORTH_A_THREAD else 0
    done = [_started(waiting, wrong) for _ in range(helpers)]
    _work(waiting, wrong)
    for lock in done:
        lock.acquire()
    return min(wrong) if wrong else None


def _started(waiting: list[Piece], wrong: list[str]) -> Any:
    """A thread that helps; its lock is free when it has ended."""
    lock = allocate_lock()
    lock.acquire()

    def help_out() -> None:
        try:
            _work(waiting, wrong)
        finally:
            lock.release()

    try:
        start_new_thread(help_out, ())
    except RuntimeError:  # the system has no thread to give: the caller does all
        lock.release()
    return lock


def _work(waiting: list[Piece], wrong: list[str]) -> None:
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    while not wrong:
        try:
            piece = waiting.pop()
        except IndexError:
            return
        try:
            reason = (
                None if _digest_of(piece, buffer) == piece.digest else "has changed (its digest is another)"
            )
        except (OSError, MemoryError) as error:
            reason = f"cannot be read ({error})"
        if reason is not None:
            wrong.append(f"{piece.name} {reason}")


def _digest_of(piece: Piece, buffer: memoryview) -> str:
    digest, left = blake2b(digest_size=_DIGEST_BYTES), piece.size_bytes
    with open(piece.path, "rb", buffering=0) as file:
        file.seek(piece.offset)
        while left:
            count = file.readinto(buffer[: min(left, _BUFFER_BYTES)])
            if not count:
                break
            digest.update(buffer[:count])
            left -= count
    hexadecimal: str = digest.hexdigest()
    return hexadecimal


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1
