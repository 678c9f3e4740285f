"""Folders for what a process has under way. Each is locked as long as its process lives, so that what a dead
one left behind is told from what a living one works on, also where containers share a disk."""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import platform
import shutil
import threading
import time

from runtimes.batch.stores.disk import make_folders

_DAY_S = 86_400
_LOCK = ".lock"


class UnderWay:
    """This process's folder in ``parent``. With a prefix the parent is everybody's."""

    def __init__(self, parent: str, prefix: str = "") -> None:
        self._parent = parent
        self._prefix = prefix
        self._path = ""
        self._descriptor = -1
        self._pid = os.getpid()
        self._lock = threading.Lock()
        atexit.register(self.remove)

    def folder(self) -> str:
        """The folder, made when it is not there (any more)."""
        with self._lock:
            while not self._is_held():
                self._let_go()
                self._make()
            os.utime(self._path)  # other machines see that it is in use
            return self._path

    def remove(self) -> None:
        """Let go of the folder, with all that is in it, and of the parent when that is empty, too."""
        with self._lock, contextlib.suppress(OSError):
            if self._pid == os.getpid() and self._is_held():
                shutil.rmtree(self._path, ignore_errors=True)
                self._let_go()
                if not self._prefix:
                    os.rmdir(self._parent)

    def sweep(self) -> None:
        """Remove the folders that dead processes left: those of this machine at once, those of others (or of
        this one before it was started anew) a day after the last change."""
        try:
            names = sorted(os.listdir(self._parent))
        except FileNotFoundError:
            return
        for name in names:
            path = os.path.join(self._parent, name)
            if name.startswith(self._prefix) and _is_folder(path, private=bool(self._prefix)):
                _remove_if_dead(path, of_this_machine=name.startswith(f"{self._prefix}{_machine()}-"))

    def _make(self) -> None:
        name = f"{self._prefix}{_machine()}-{os.getpid()}-{os.urandom(4).hex()}"
        self._path = os.path.join(self._parent, name)
        with contextlib.suppress(FileNotFoundError):  # swept before it was locked: once more
            make_folders(self._parent)
            os.mkdir(self._path, 0o700 if self._prefix else 0o777)
            self._descriptor = os.open(os.path.join(self._path, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
            with contextlib.suppress(OSError):  # a disk without locks: it counts as dead after a day
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def _is_held(self) -> bool:
        if self._descriptor < 0:
            return False
        try:
            found = os.stat(os.path.join(self._path, _LOCK))
        except FileNotFoundError:
            return False
        return found.st_ino == os.fstat(self._descriptor).st_ino

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _is_folder(path: str, *, private: bool) -> bool:
    """Whether a name in the parent can be one of these folders; a private one is this user's own."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    ours = not private or status.st_uid == os.getuid()
    return ours and os.path.isdir(path) and not os.path.islink(path)


def _remove_if_dead(path: str, *, of_this_machine: bool) -> None:
    """What cannot be looked at or removed stays: it harms nobody."""
    with contextlib.suppress(OSError):
        descriptor = os.open(os.path.join(path, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if (of_this_machine and _knows_locks(descriptor)) or time.time() - _last_change(path) > _DAY_S:
                shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(descriptor)


def _knows_locks(descriptor: int) -> bool:
    """Take the lock of a dead process: False on a disk without locks; an OSError when it is held."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _last_change(path: str) -> float:
    """When something was last written in a folder of files, or its owner last came by."""
    with os.scandir(path) as entries:
        times = [entry.stat(follow_symlinks=False).st_mtime for entry in entries if entry.name != _LOCK]
    return max([os.stat(path).st_mtime, *times])


@functools.cache
def _machine() -> str:
    """This machine since it was started: processes with the same see each other's locks."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            said = file.read()
    except OSError:
        said = platform.node()
    return hashlib.sha256(said.encode()).hexdigest()[:10]
