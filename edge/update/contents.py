"""What a bundle holds: reads the ``files`` of a manifest, and lets no path out of its slot."""

from __future__ import annotations

import json
import unicodedata
from typing import NamedTuple

from edge.update.errors import UnfitError
from edge.update.release import check_digest

MANIFEST = "manifest.json"
ORIGIN = "release.json"
"""Beside the manifest in a slot: the release that it came with."""

MAX_FILES = 20_000
MAX_BYTES = 2**40
_RESERVED = {MANIFEST, ORIGIN, "sha256sums"}


class Entry(NamedTuple):
    """One file of a bundle."""

    path: str
    sha256: str
    size_bytes: int


class Device(NamedTuple):
    """The device that a bundle was built for, with the budgets that it was built within."""

    name: str
    arch: str
    libc: str
    libc_version: str
    python: str
    memory_mb: int
    flash_mb: int


class Contents(NamedTuple):
    """A manifest, as far as an update needs it; ``body`` is the manifest itself."""

    body: bytes
    name: str
    version: str
    device: Device
    files: tuple[Entry, ...]

    @property
    def total_bytes(self) -> int:
        """All files together."""
        return sum(entry.size_bytes for entry in self.files)


def read_contents(body: bytes) -> Contents:
    """The contents that a manifest states, or ``UnfitError`` with what is wrong in it."""
    document = _parse(body)
    return Contents(
        body=body,
        name=_text(document, "name", "the manifest"),
        version=_text(document, "version", "the manifest"),
        device=_device(document.get("device")),
        files=_files(document.get("files")),
    )


def _parse(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UnfitError(f"the manifest is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise UnfitError("the manifest is not an object")
    found = document.get("schema_version")
    if found != 1 or isinstance(found, bool):
        raise UnfitError(f"the manifest has schema_version {str(found)[:60]!r}; this device reads 1")
    return document


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return document


def _device(value: object) -> Device:
    if not isinstance(value, dict):
        raise UnfitError("the manifest names no device")
    owner = "the manifest's device"
    texts = [_text(value, key, owner) for key in ("name", "arch", "libc", "libc_version", "python")]
    name, arch, libc, libc_version, python = texts
    sizes = [_count(value.get(key), f"{owner} has the {key}") for key in ("memory_mb", "flash_mb")]
    return Device(name, arch, libc, libc_version, python, sizes[0], sizes[1])


def _files(value: object) -> tuple[Entry, ...]:
    if not isinstance(value, dict) or not value:
        raise UnfitError("the manifest lists no files")
    if len(value) > MAX_FILES:
        raise UnfitError(f"the manifest lists {len(value)} files; at most {MAX_FILES} are taken")
    entries = tuple(sorted(_entry(path, entry) for path, entry in value.items()))
    _check_apart(entries)
    if sum(entry.size_bytes for entry in entries) > MAX_BYTES:
        raise UnfitError(f"the manifest's files are more than {MAX_BYTES} bytes")
    return entries


def _entry(path: str, value: object) -> Entry:
    shown = repr(path[:100])
    reason = _why_not(path)
    if reason:
        raise UnfitError(f"the manifest names the file {shown}, which {reason}")
    if not isinstance(value, dict):
        raise UnfitError(f"the manifest says nothing of the file {shown}")
    digest = check_digest(value.get("sha256"), f"the manifest's file {shown}", UnfitError)
    return Entry(path, digest, _count(value.get("size_bytes"), f"the manifest's file {shown} has the size"))


def _why_not(path: str) -> str | None:
    """Why a path may not be in a bundle; None where it may."""
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or any(0xD800 <= ord(letter) < 0xE000 for letter in path):
        return "has a character that no file of a bundle has"
    if path.startswith("/") or ".." in parts:
        return "would lie outside of the bundle"
    if "" in parts or "." in parts or path != unicodedata.normalize("NFC", path):
        return "is not written in its one plain form"
    if len(path.encode()) > 1000 or max(len(part.encode()) for part in parts) > 200:
        return "is too long"
    if parts[0].casefold() in _RESERVED or "__pycache__" in parts:
        return "is a name that the device itself writes"
    return None


def _check_apart(entries: tuple[Entry, ...]) -> None:
    """No two paths that one file system or another holds for the same, and no file that is also a folder."""
    folded = {entry.path.casefold() for entry in entries}
    if len(folded) != len(entries):
        raise UnfitError("the manifest names two files that differ only in capital letters")
    for path in folded:
        above = path.rpartition("/")[0]
        while above:
            if above in folded:
                raise UnfitError(f"the manifest names {above[:100]!r} as a file and as a folder")
            above = above.rpartition("/")[0]


def _text(document: dict[str, object], key: str, owner: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise UnfitError(f"{owner} has no {key!r} that could be one: {str(value)[:60]!r}")
    return value


def _count(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_BYTES:
        raise UnfitError(f"{what} {str(value)[:60]!r}; it must be a whole number up to {MAX_BYTES}")
    return value
