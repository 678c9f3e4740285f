"""A release as the source signed it: reads ``release.json``, and refuses by name what is not one."""

from __future__ import annotations

import json
from typing import NamedTuple

from edge.update.errors import RefusedError

SCHEMA_VERSION = 1
MAX_RELEASE_BYTES = 65536
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
MAX_NUMBER = 2**53
_IN_NAMES = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


class TrustedRelease(NamedTuple):
    """What a trusted ``release.json`` says."""

    name: str
    device: str
    number: int
    version: str
    released: str
    manifest_sha256: str
    manifest_bytes: int
    total_bytes: int


def write_release(release: TrustedRelease) -> bytes:
    """The document again, for the slot that the release is put into."""
    document = release._asdict()
    manifest = {
        "sha256": document.pop("manifest_sha256"),
        "size_bytes": document.pop("manifest_bytes"),
    }
    return json.dumps({"schema_version": SCHEMA_VERSION, **document, "manifest": manifest}).encode()


def read_release(body: bytes) -> TrustedRelease:
    """The release of a document whose signature (or TUF digest) has been checked."""
    document = _object(body)
    found = document.get("schema_version")
    if found != SCHEMA_VERSION or isinstance(found, bool):
        raise RefusedError(f"release.json has schema_version {found!r}; this device reads {SCHEMA_VERSION}")
    manifest = document.get("manifest")
    if not isinstance(manifest, dict):
        raise RefusedError("release.json names no manifest")
    size = _count(manifest, "size_bytes", MAX_MANIFEST_BYTES)
    return TrustedRelease(
        name=check_name(document.get("name"), "release.json", "name"),
        device=check_name(document.get("device"), "release.json", "device"),
        number=_count(document, "number", MAX_NUMBER, least=0),
        version=_text(document, "version"),
        released=_text(document, "released"),
        manifest_sha256=check_digest(manifest.get("sha256"), "the manifest of release.json"),
        manifest_bytes=size,
        total_bytes=_count(document, "total_bytes", 2**50),
    )


def check_name(value: object, owner: str, key: str) -> str:
    """A name of a model or a device: it becomes part of a path, so it holds no way out of a folder."""
    if isinstance(value, str) and 0 < len(value) <= 128 and value[0] != "." and not set(value) - _IN_NAMES:
        return value
    raise RefusedError(f"{owner} has the {key} {str(value)[:60]!r}; it must be of letters, digits and _ . -")


def check_digest(value: object, owner: str, error: type[RefusedError] = RefusedError) -> str:
    """A SHA-256 as 64 lower-case hex digits: it becomes a file name, so nothing else may pass."""
    if isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef"):
        return value
    raise error(f"{owner} has no SHA-256 digest")


def _object(body: bytes) -> dict[str, object]:
    if len(body) > MAX_RELEASE_BYTES:
        raise RefusedError(f"release.json is {len(body)} bytes long; at most {MAX_RELEASE_BYTES} are read")
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"release.json is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RefusedError("release.json is not an object")
    return document


def _text(document: dict[str, object], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise RefusedError(f"release.json has no {key!r} that could be one: {str(value)[:60]!r}")
    return value


def _count(document: dict[str, object], key: str, most: int, least: int = 1) -> int:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RefusedError(
            f"release.json has the {key} {str(value)[:60]!r}; a number from {least} to {most} is read"
        )
    return value
