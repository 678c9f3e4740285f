"""This machine's disks: their failures as sentences, and writes that a power cut does not undo."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator

from runtimes.batch.errors import JobError, TryAgainError

_ENDS_BYTES = 64 << 10
_PIECE_BYTES = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.EMFILE, errno.ENFILE}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def failures(path: str) -> Iterator[None]:
    """Around work on a path of this machine: its OSErrors become a job's errors."""
    try:
        yield
    except OSError as error:
        raise failure(error, path) from error


def failure(error: OSError, path: str) -> JobError:
    """What an OSError means for the job."""
    said = os.strerror(error.errno) if error.errno else str(error)
    path = error.filename if isinstance(error.filename, str) else path
    if error.errno in _FULL:
        return TryAgainError(
            f"no room for {path}: {said}", "make room there (TMPDIR names another disk for downloads)"
        )
    if error.errno in _PASSING:
        return TryAgainError(
            f"the disk failed at {path}: {said}", "start again; if it stays, see to the disk"
        )
    if error.errno in _DENIED:
        return JobError(f"no access to {path}: {said}", "give the job's user the right to it")
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return JobError(f"{path} cannot be used: {said}", "name a folder that is none other's file")
    return JobError(f"{path} cannot be used: {said}", "check the path")


def version_of(path: str) -> str:
    """What tells this content from any other: size, time of change, and how it begins and ends."""
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        digest = hashlib.blake2b(f"{status.st_size} {status.st_mtime_ns} ".encode(), digest_size=16)
        digest.update(file.read(_ENDS_BYTES))
        if status.st_size > _ENDS_BYTES:
            file.seek(max(_ENDS_BYTES, status.st_size - _ENDS_BYTES))
            digest.update(file.read(_ENDS_BYTES))
    return digest.hexdigest()


def sha256_of(path: str) -> str:
    """SHA-256 (hex) of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def make_folders(path: str) -> None:
    """A folder with those above it, which a power cut does not undo."""
    if os.path.isdir(path):
        return
    make_folders(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
    sync(os.path.dirname(path))
    os.scandir(path).close()  # a file of that name: says so


def sync(path: str) -> None:
    """Have a file's content, or a folder's names, on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some disks know no fsync of folders
            raise
    finally:
        os.close(descriptor)
