"""The user's cache of fetched things: entries appear whole or not at all, and are made once."""

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from packager.errors import ToolError

CACHE_VARIABLE = "PACKAGER_CACHE_DIR"


def root() -> Path:
    """The cache folder (which need not exist yet): PACKAGER_CACHE_DIR, or the platform's own place."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser().resolve() if named else Path(platformdirs.user_cache_dir("packager"))


def has(key: str) -> bool:
    """Whether the entry is there already."""
    return (root() / key).is_dir()


def entry(key: str, make: Callable[[Path], None]) -> Path:
    """The folder ``key`` of the cache, filled by ``make(empty folder)`` when it is not there yet.

    ``make`` works beside the entry, which appears by rename: an interrupted one leaves nothing that
    counts. Builds that need the same entry at once wait for the first. A cache that is read-only
    but has the entry is enough.
    """
    dest = root() / key
    if dest.is_dir():
        return dest
    try:
        with _locked(dest.with_name(dest.name + ".lock")):
            if not dest.is_dir():
                _make_beside(dest, make)
    except OSError as error:
        raise ToolError(
            f"the cache folder {root()} cannot take {key}: {error.strerror or error}",
            hint=f"free some space, or name another folder in {CACHE_VARIABLE}",
        ) from error
    return dest


def _make_beside(dest: Path, make: Callable[[Path], None]) -> None:
    for left in dest.parent.glob(f"{glob.escape(dest.name)}.making*"):
        shutil.rmtree(left, ignore_errors=True)  # a killed maker's; the lock says that nobody is in it
    # A new name each time: what a killed maker had started may still write into its own.
    beside = Path(tempfile.mkdtemp(prefix=f"{dest.name}.making-", dir=dest.parent))
    beside.chmod(0o755)
    try:
        make(beside)
        beside.rename(dest)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file; it is left behind, since removing it would let two makers hold two locks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
