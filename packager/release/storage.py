"""Files of a repository of releases: each appears whole or not at all, and one writer works at a time."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from packager import source_files
from packager.errors import ReleaseError

ROOMS = frozenset({"metadata", "targets", "plain", "blobs", "trust"})
_LOCK = ".lock"
_PART = ".part"


@contextmanager
def exclusive(repository: Path, say: Callable[[str], None], create: bool) -> Iterator[None]:
    """Hold the repository, which is made where ``create`` says so; another release is waited for."""
    _refuse_foreign(repository, create)
    with (repository / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another release into {repository}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep(repository)
        yield


def _refuse_foreign(repository: Path, create: bool) -> None:
    if repository.exists() and not repository.is_dir():
        raise ReleaseError(f"{repository} is a file; a repository of releases is a folder")
    known = repository.is_dir() and any(entry.name in ROOMS for entry in repository.iterdir())
    if not known and not create:
        raise ReleaseError(
            f"{repository} is not a repository of releases", "`packager release BUNDLE` makes one"
        )
    if not known and repository.is_dir() and any(entry.name != _LOCK for entry in repository.iterdir()):
        raise ReleaseError(
            f"{repository} holds other files and is not a repository of releases",
            "name a folder that is empty or not there yet",
        )
    repository.mkdir(parents=True, exist_ok=True)


def _sweep(repository: Path) -> None:
    """What a killed release had not finished; the lock says that nobody works on it."""
    for room in ROOMS:
        for left in (repository / room).rglob(f".*{_PART}"):
            left.unlink(missing_ok=True)


def write(path: Path, body: bytes) -> None:
    """Beside, to the disk, then by rename."""
    write_together({path: body})


def write_where_different(bodies: dict[Path, bytes]) -> None:
    """As ``write_together``, but for files that hold that already."""
    write_together(
        {path: body for path, body in bodies.items() if not path.is_file() or path.read_bytes() != body}
    )


def write_together(bodies: dict[Path, bytes]) -> None:
    """As ``write``; all are on the disk before the first has its name, so files that belong together are
    apart for no longer than a rename takes."""
    with ExitStack() as parts:
        for path, body in bodies.items():
            parts.enter_context(_part(path)).write_bytes(body)
        for path in bodies:
            _settle(path)
        _appear(*bodies)


def add_blob(repository: Path, source: Path, sha256: str, size_bytes: int) -> bool:
    """Put a file under its digest; False where it stands there already, and is sound."""
    dest = repository / "blobs" / sha256
    if dest.is_file() and dest.stat().st_size == size_bytes and source_files.sha256_of(dest) == sha256:
        return False
    with _part(dest) as part:
        shutil.copyfile(source, part)
        if source_files.sha256_of(part) != sha256:
            raise ReleaseError(f"{source} has changed while it was copied", "build it again")
        _settle(dest)
        _appear(dest)
    return True


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}{_PART}")


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """A file beside, which is gone at the end, or has the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part_of(path)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    part = _part_of(path)
    part.chmod(0o644)
    _sync(part)


def _appear(*paths: Path) -> None:
    """Names are on the disk, too, before the next step: a power cut takes no blob from under a list."""
    for path in paths:
        _part_of(path).replace(path)
    for folder in {path.parent for path in paths}:
        with suppress(OSError):  # of shares that know no such thing
            _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
