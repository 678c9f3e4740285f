"""What is sent at once: summaries frozen into a batch, which stays as it is until somebody has taken it.

So a batch whose answer was lost can be sent again: the receiver knows its id, and counts nothing twice.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import zlib

from edge.telemetry import spool
from edge.telemetry.spool import BATCH, SUMMARY, Spool
from edge.telemetry.summary import read_summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Batch(NamedTuple):
        """One batch on the disk."""

        name: str
        identifier: str
        summaries: int
        body: bytes

else:
    from collections import namedtuple

    Batch = namedtuple("Batch", "name identifier summaries body")

BATCH_BYTES = 256 * 1024
"""Of summaries before they are compressed; many receivers take no more than a megabyte."""
_MOST_FILE = 64 << 20


def next_batch(place: Spool, most_bytes: int = BATCH_BYTES) -> Batch | None:
    """The batch that is on its way already, else a new one of the oldest summaries; None: nothing is left.

    A summary that is none (a disk that failed) is removed. Only who holds the spool's lock may ask.
    """
    if not os.path.isdir(place.folder):
        return None
    files = place.files()
    batches = [name for name, _ in files if name.endswith(BATCH)]
    if batches:
        found = _read(place.folder, batches[0])
        if found is not None:
            _remove_members(place.folder, found, files)
            return found
        spool.remove(place.folder, batches[0])
        return next_batch(place, most_bytes)
    members, lines = _gather(place.folder, [name for name, _ in files if name.endswith(SUMMARY)], most_bytes)
    return _freeze(place.folder, members, lines) if lines else None


def halve(place: Spool, batch: Batch) -> bool:
    """Two batches in the place of one that is too large to be taken; False where it holds one summary."""
    lines = gzip.decompress(batch.body).splitlines(keepends=True)
    if len(lines) < 2:
        return False
    number, middle = spool.number_of(batch.name), len(lines) // 2
    for part in (lines[:middle], lines[middle:]):
        made = _pack(number, part)
        spool.put(place.folder, made.name, made.body)
    spool.remove(place.folder, batch.name)
    return True


def lines_of(folder: str) -> list[bytes]:
    """Every summary of a spool, those on their way too, the oldest first."""
    place, lines, seen = Spool(folder, 1 << 62), [], set()
    for name, _ in place.files():
        body = spool.read(folder, name, _MOST_FILE)
        for line in _unpacked(name, body):
            if line not in seen:
                seen.add(line)
                lines.append(line)
    return lines


def _unpacked(name: str, body: bytes) -> list[bytes]:
    try:
        text = gzip.decompress(body) if name.endswith(BATCH) else body
    except (OSError, EOFError, zlib.error):
        return []
    return text.splitlines(keepends=True)


def _gather(folder: str, names: list[str], most_bytes: int) -> tuple[list[str], list[bytes]]:
    """The oldest summaries that fit into one batch, one at least."""
    members: list[str] = []
    lines: list[bytes] = []
    size = 0
    for name in names:
        try:
            line = spool.read(folder, name, _MOST_FILE)
            read_summary(line)
        except FileNotFoundError:  # it had to go for a newer one
            continue
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno != errno.EIO:
                raise
            spool.remove(folder, name)
            continue
        if lines and size + len(line) > most_bytes:
            break
        members.append(name)
        lines.append(line)
        size += len(line)
    return members, lines


def _freeze(folder: str, members: list[str], lines: list[bytes]) -> Batch:
    """Write the batch, then remove what it holds; the next run does so after a power cut between the two.

    Where there is no room for it, the oldest summary goes alone, as it lies there.
    """
    batch = _pack(spool.number_of(members[0]), lines)
    try:
        spool.put(folder, batch.name, batch.body)
    except OSError:
        return _pack(0, lines[:1])._replace(name=members[0])
    for name in members:
        spool.remove(folder, name)
    return batch


def _pack(number: int, lines: list[bytes]) -> Batch:
    body = gzip.compress(b"".join(lines), 9, mtime=0)
    identifier = hashlib.sha256(b"".join(lines)).hexdigest()[:32]
    return Batch(spool.batch_name(number, len(lines), identifier), identifier, len(lines), body)


def _read(folder: str, name: str) -> Batch | None:
    """A batch from the disk, if it still is what its name says."""
    body = spool.read(folder, name, _MOST_FILE)
    identifier = name[: -len(BATCH)].rpartition("-")[2]
    lines = _unpacked(name, body)
    if hashlib.sha256(b"".join(lines)).hexdigest()[:32] != identifier:
        return None
    return Batch(name, identifier, len(lines), body)


def _remove_members(folder: str, batch: Batch, files: list[tuple[str, int]]) -> None:
    """Summaries that are in the batch already."""
    inside = {read_summary(line)["id"] for line in gzip.decompress(batch.body).splitlines()}
    for name, _ in files:
        if name.endswith(SUMMARY) and name[: -len(SUMMARY)].partition("-")[2] in inside:
            spool.remove(folder, name)
