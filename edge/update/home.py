"""Where everything of a device's updates lies, and the lock that lets one updater in at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.update.disk import Disk
from edge.update.errors import BusyError, NoSpaceError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS = ("a", "b")
_UMASK = 0o022
"""Whoever runs the model reads its slots, whoever updates; a HOME that is not for all has its own mode."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Home:
    """The places below one folder, and the disk that they are changed through."""

    def __init__(self, root: str, disk: Disk | None = None) -> None:
        self.root = os.path.abspath(root)
        self.disk = disk or Disk()
        self.current = self.place("current")
        self.slots = self.place("slots")
        self.state = self.place("state.json")
        self.incoming = self.place("incoming")
        self.trust = self.place("trust")
        self.metadata = self.place("metadata")
        self.assembly = self.slot(".new")
        self.replaced = self.slot(".old")

    def place(self, name: str) -> str:
        """A path below the home."""
        return os.path.join(self.root, name)

    def slot(self, name: str) -> str:
        """The folder of a slot."""
        return os.path.join(self.root, "slots", name)

    def serving(self) -> str | None:
        """The slot that `current` points to; None where it points to none."""
        try:
            target = os.readlink(self.current)
        except OSError:
            return None
        folder, _, name = target.rpartition("/")
        return name if folder == "slots" and name in SLOTS else None

    def switch(self, slot: str) -> None:
        """Let `current` point to a slot, in one moment."""
        self.disk.point(self.current, f"slots/{slot}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock, or BusyError where another updater does. It ends with its process, in any case."""
        mask = os.umask(_UMASK)
        try:
            with open(self.place("lock"), "ab") as file:
                self._take(file.fileno())
                yield
        finally:
            os.umask(mask)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise BusyError(f"another updater is at work on {self.root}; try again when it is done") from None

    def free_bytes(self) -> int:
        """What the file system still has room for."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize


def other(slot: str) -> str:
    """The slot beside it."""
    return SLOTS[1 - SLOTS.index(slot)]


def find_home(given: str | None) -> Home:
    """The home that was named, else EDGE_HOME, else the one whose slot this code lies in."""
    named = given or os.environ.get("EDGE_HOME")
    if named:
        if not os.path.isdir(named):
            raise UpdateError(f"there is no folder {named}: name the home of the bundle with --home")
        return Home(named)
    bundle = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    slots, slot = os.path.split(bundle)
    if slot in SLOTS and os.path.basename(slots) == "slots":
        return Home(os.path.dirname(slots))
    raise UpdateError("which home? This bundle lies in no slot: name it with --home or in EDGE_HOME")


@contextmanager
def told() -> Iterator[None]:
    """What the system says of the disk, as a sentence."""
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        if error.errno in _FULL:
            message = f"the disk has no room left{place}: make room and update again; a whole version serves"
            raise NoSpaceError(message) from error
        reason = error.strerror or str(error)
        raise UpdateError(f"the disk refuses{place}: {reason}; a whole version serves") from error
