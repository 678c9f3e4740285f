"""Releases from a folder (a USB stick, a mounted share): signed by one Ed25519 key, found by digest."""

from __future__ import annotations

import base64
import os
import stat
import time
from typing import TYPE_CHECKING

from edge.update import ed25519
from edge.update.errors import RefusedError, UnreachableError, UpdateError
from edge.update.release import MAX_RELEASE_BYTES, TrustedRelease, read_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PIECE = 1 << 20
_MAX_TEXT_BYTES = 1024
_BETWEEN_S = 0.5
"""A release changes two files, by two renames: who reads between them reads once more."""


class Folder:
    """A folder that `packager release --to` wrote, or a copy of it; nothing in it is believed unsigned."""

    def __init__(self, root: str, key_path: str, wait: Callable[[float], object] = time.sleep) -> None:
        self._root = root
        self._key_path = key_path
        self._wait = wait

    def newest(self, name: str, device: str, now: float) -> TrustedRelease:  # noqa: ARG002 - nothing expires
        """The release that `plain/` holds for this name and device, if the device's key signed it."""
        key = read_key(self._key_path)
        place = os.path.join(self._root, "plain", name, device)
        body = self._signed(place, key)
        if body is None:
            self._wait(_BETWEEN_S)
            body = self._signed(place, key)
        if body is None:
            raise RefusedError(
                f"{place}/release.json is not signed by the key that this device trusts: it was changed, "
                "or released with another key, or is being copied just now"
            )
        return read_release(body)

    def _signed(self, place: str, key: bytes) -> bytes | None:
        """The document, or None where the signature beside it is not one of this key over it."""
        body = self._read(os.path.join(place, "release.json"), MAX_RELEASE_BYTES)
        signature = _base64(self._read(os.path.join(place, "release.json.sig"), _MAX_TEXT_BYTES))
        return body if ed25519.verify(key, body, signature or b"") else None

    def fetch(self, digest: str, size_bytes: int, offset: int) -> Iterator[bytes]:
        """The blob's bytes from the offset on."""
        path = os.path.join(self._root, "blobs", digest)
        with open(_open_file(path, size_bytes), "rb", buffering=0) as file:
            file.seek(offset)
            while True:
                piece = _told(path, file.read, _PIECE)
                if not piece:
                    return
                yield piece

    def _read(self, path: str, most: int) -> bytes:
        with open(_open_file(path, None), "rb") as file:
            body = _told(path, file.read, most + 1)
        if len(body) > most:
            raise RefusedError(f"{path} is longer than the {most} bytes that are read of it")
        return body


def read_key(path: str) -> bytes:
    """The public key of `release.pub`: 32 bytes as base64."""
    try:
        with open(path, "rb") as file:
            key = _base64(file.read(_MAX_TEXT_BYTES))
    except OSError as error:
        raise UpdateError(
            f"this device has no key to check a release in a folder with: {path}: {error.strerror}; "
            "provision it with the release.pub of the releases' trust folder"
        ) from None
    if key is None or not ed25519.is_key(key):
        raise UpdateError(f"{path} holds no Ed25519 public key (32 bytes as base64)")
    return key


def _open_file(path: str, size_bytes: int | None) -> int:
    """A descriptor of a regular file of that size: never of a pipe or a device, which might have no end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreachableError(
            f"{path} cannot be read: {error.strerror}; is this the releases' folder?"
        ) from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise RefusedError(f"{path} is not a file")
    if size_bytes is not None and found.st_size != size_bytes:
        os.close(descriptor)
        raise RefusedError(f"{path} has {found.st_size} bytes and should have {size_bytes}")
    return descriptor


def _told(path: str, read: Callable[[int], bytes], most: int) -> bytes:
    try:
        return read(most)
    except OSError as error:
        raise UnreachableError(f"{path} cannot be read: {error.strerror}") from None


def _base64(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        return None
