"""Slots: whether one is whole, what of it a new bundle can use again, and how a new one is put together."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from edge.update.byte_code import compile_sources
from edge.update.contents import MANIFEST, ORIGIN, Contents, read_contents
from edge.update.errors import RefusedError
from edge.update.home import SLOTS
from edge.update.release import (
    MAX_MANIFEST_BYTES,
    MAX_RELEASE_BYTES,
    TrustedRelease,
    read_release,
    write_release,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.update.contents import Entry
    from edge.update.disk import Disk
    from edge.update.home import Home

    Put = Callable[[Disk, str, str], None]

_PIECE = 1 << 20


def read_bundle(root: str) -> Contents:
    """The contents that a bundle's own manifest states; RefusedError where it has none that can be read."""
    try:
        with open(os.path.join(root, MANIFEST), "rb") as file:
            return read_contents(file.read(MAX_MANIFEST_BYTES))
    except OSError as error:
        raise RefusedError(f"{root} is no bundle: {MANIFEST}: {error.strerror}") from None


def find_damage(root: str, contents: Contents | None = None) -> str | None:
    """What is wrong with a bundle on the disk, by every file's size and digest; None where it is whole."""
    try:
        contents = contents or read_bundle(root)
        manifest = _stated_manifest(root)
        if manifest and hashlib.sha256(contents.body).hexdigest() != manifest:
            return f"{MANIFEST} is not the one of its release"
        for entry in contents.files:
            if not holds(os.path.join(root, *entry.path.split("/")), entry.sha256, entry.size_bytes):
                return f"{entry.path} is not the file that the manifest names"
    except RefusedError as error:
        return error.message
    return None


def _stated_manifest(root: str) -> str | None:
    """The digest that a slot's manifest came with; None where that cannot be read."""
    try:
        with open(os.path.join(root, ORIGIN), "rb") as file:
            return read_release(file.read(MAX_RELEASE_BYTES)).manifest_sha256
    except (OSError, RefusedError):
        return None


def holds(path: str, sha256: str, size_bytes: int) -> bool:
    """Whether a regular file of that size and digest lies there."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size_bytes:
            return False
        with open(path, "rb", buffering=0) as file:
            return digest_of(file.read).hexdigest() == sha256
    except OSError:
        return False


def digest_of(read: Callable[[int], bytes]) -> hashlib._Hash:
    """The SHA-256 of all that there is to read, which can be gone on with."""
    digest = hashlib.sha256()
    while True:
        piece = read(_PIECE)
        if not piece:
            return digest
        digest.update(piece)


def find_reusable(home: Home, contents: Contents) -> dict[str, str]:
    """By digest, a file of a slot that holds just this: read through, since a card may have lost it."""
    places: dict[tuple[str, int], list[str]] = {}
    for slot in SLOTS:
        for entry in _entries(home.slot(slot)):
            path = os.path.join(home.slot(slot), *entry.path.split("/"))
            places.setdefault((entry.sha256, entry.size_bytes), []).append(path)
    found: dict[str, str] = {}
    for entry in contents.files:
        for path in places.pop((entry.sha256, entry.size_bytes), []):
            if holds(path, entry.sha256, entry.size_bytes):
                found[entry.sha256] = path
                break
    return found


def assemble(
    home: Home, contents: Contents, release: TrustedRelease, blobs: dict[str, str], put: Put | None = None
) -> None:
    """Put the bundle together beside the slots, out of files by digest: all of it is on the medium then."""
    disk, root, put = home.disk, home.assembly, put or share
    disk.clear(root)
    disk.make_dir(root)
    folders = sorted({above for entry in contents.files for above in _folders(entry.path)})
    for folder in folders:
        disk.make_dir(os.path.join(root, folder))
    for entry in contents.files:
        put(disk, blobs[entry.sha256], os.path.join(root, *entry.path.split("/")))
    disk.write_new(os.path.join(root, MANIFEST), contents.body)
    disk.write_new(os.path.join(root, ORIGIN), write_release(release))
    folders += compile_sources(disk, root, [entry.path for entry in contents.files])
    for folder in reversed(folders):
        disk.sync(os.path.join(root, folder))
    disk.sync(root)


def share(disk: Disk, source: str, path: str) -> None:
    """The same file under another name, or its copy where the file system has no such thing."""
    try:
        disk.link(source, path)
    except PermissionError:
        disk.copy(source, path)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS):
            raise
        disk.copy(source, path)


def install(home: Home, slot: str) -> None:
    """Let what was put together take a slot's place; what lay there goes."""
    disk = home.disk
    disk.clear(home.replaced)
    if os.path.lexists(home.slot(slot)):
        disk.rename(home.slot(slot), home.replaced)
    disk.rename(home.assembly, home.slot(slot))
    disk.sync(home.slots)
    disk.clear(home.replaced)


def _entries(root: str) -> tuple[Entry, ...]:
    try:
        return read_bundle(root).files
    except RefusedError:
        return ()


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]
