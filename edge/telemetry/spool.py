"""The spool: summaries on disk, one file each, within a bound. A power cut leaves whole files or none.

Several processes may write into one spool. The oldest go where the new ones would not fit.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

SUMMARY = ".summary.json"
BATCH = ".batch.gz"
"""What is on its way: frozen, so that it is sent again byte for byte until somebody has taken it."""
_PART = ".part"
LOCK = "lock"
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Spool:
    """One folder. ``write`` keeps it within ``max_bytes``."""

    __slots__ = ("folder", "max_bytes")

    def __init__(self, folder: str, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes

    def write(self, name: str, compose: Callable[[int], bytes]) -> None:
        """Add the summary that ``compose`` makes of the number of older ones that had to go for it.

        Raises OSError: then it is not there.
        """
        os.makedirs(self.folder, 0o750, exist_ok=True)
        kept = self.files()
        number = 1 + max([number_of(file) for file, _ in kept], default=0)
        total, dropped = sum([size for _, size in kept]), 0
        while True:
            body = compose(dropped)
            if total + len(body) <= self.max_bytes:
                try:
                    return put(self.folder, f"{number:012d}-{name}{SUMMARY}", body)
                except OSError as error:
                    if error.errno not in _FULL:
                        raise
            if not kept:
                raise OSError(errno.ENOSPC, f"there is no room for {len(body)} bytes")
            oldest, size = kept.pop(0)
            gone = self._drop(oldest)
            if gone is not None:
                total -= size
                dropped += gone

    def files(self) -> list[tuple[str, int]]:
        """Names and sizes of summaries and batches, the oldest first; what was cut short is removed."""
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_PART):
                    _remove_abandoned(entry.path)
                elif entry.name.endswith((SUMMARY, BATCH)):
                    with suppress(FileNotFoundError):  # sent meanwhile
                        found.append((entry.name, entry.stat(follow_symlinks=False).st_size))
        return sorted(found, key=_age_of)

    def _drop(self, name: str) -> int | None:
        """Remove a file, and say how many summaries that was; None for a batch that is being sent."""
        if not name.endswith(BATCH):
            return 1 if remove(self.folder, name) else 0
        lock = try_lock(self.folder)
        if lock is None:
            return None
        try:
            return summaries_in(name) if remove(self.folder, name) else 0
        finally:
            os.close(lock)


def batch_name(number: int, summaries: int, digest: str) -> str:
    """The name of a batch: its place, how many summaries it holds, and its id."""
    return f"{number:012d}-{summaries}-{digest}{BATCH}"


def summaries_in(name: str) -> int:
    """How many summaries a file of that name holds."""
    count = name.split("-")[1] if name.endswith(BATCH) else "1"
    return int(count) if count.isdigit() else 1


def number_of(name: str) -> int:
    """The place of a file among the others."""
    number = name.partition("-")[0]
    return int(number) if number.isdigit() else 0


def try_lock(folder: str) -> int | None:
    """Be the one who sends from this spool, until the descriptor is closed; None where somebody else is."""
    import fcntl

    descriptor = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def put(folder: str, name: str, body: bytes) -> None:
    """Write a file beside its place, see it on the disk, and rename it there."""
    path = os.path.join(folder, name)
    beside = f"{path}.{os.getpid()}{_PART}"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            _write_all(descriptor, body)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(beside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise
    sync_folder(folder)


def read(folder: str, name: str, most_bytes: int) -> bytes:
    """The content of a file, at most so much of it."""
    with open(os.path.join(folder, name), "rb") as file:
        return file.read(most_bytes)


def remove(folder: str, name: str) -> bool:
    """Remove a file; whether it was there."""
    try:
        os.unlink(os.path.join(folder, name))
    except FileNotFoundError:
        return False
    return True


def sync_folder(folder: str) -> None:
    """See to it that names in the folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, body: bytes) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _age_of(file: tuple[str, int]) -> tuple[bool, int, str]:
    """What is on its way was first."""
    name, _ = file
    return not name.endswith(BATCH), number_of(file[0]), name


def _remove_abandoned(path: str) -> None:
    """A part whose writer is gone; one that only seems to be writes it again."""
    writer = path[: -len(_PART)].rpartition(".")[2]
    if writer.isdigit() and int(writer) != os.getpid() and not os.path.exists(f"/proc/{writer}"):
        with suppress(OSError):
            os.unlink(path)
