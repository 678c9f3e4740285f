"""The bundle that is to be released: found in an artifact or named itself, and whole."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager import audit, source_files
from packager.errors import ArtifactError

_BUNDLE, _MANIFEST = "bundle", "manifest.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HINT = "name dist/NAME/edge, as `packager build MODEL --target edge --device DEVICE` writes it"


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A file of the bundle, by its path in it."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EdgeBundle:
    """A whole bundle: each file is what its manifest says."""

    root: Path
    name: str
    device: str
    version: str
    manifest: BundleFile
    files: tuple[BundleFile, ...]

    @property
    def total_bytes(self) -> int:
        """What a device needs that has none of it."""
        return self.manifest.size_bytes + sum(file.size_bytes for file in self.files)


def read(folder: Path) -> EdgeBundle:
    """The bundle in ``folder``: an artifact (dist/NAME/edge), or the bundle in one. Raises ArtifactError."""
    if (folder / _BUNDLE / _MANIFEST).is_file():
        audit.check_digests(folder)
        folder = folder / _BUNDLE
    if (folder / "job" / _MANIFEST).is_file():
        raise ArtifactError(f"{folder} is a batch job, and releases are for devices", _HINT)
    body = _manifest(folder)
    document = _document(folder, body)
    device = document.get("device")
    if not isinstance(device, dict) or not isinstance(document.get("files"), dict):
        raise ArtifactError(f"{folder} is no edge bundle: its manifest names no device", _HINT)
    name, kind = _word(document.get("name"), "name"), _word(device.get("name"), "device")
    files = tuple(_entry(path, entry) for path, entry in sorted(document["files"].items()))
    _check(folder, files)
    digest = hashlib.sha256(body).hexdigest()
    manifest = BundleFile(_MANIFEST, digest, len(body))
    return EdgeBundle(folder, name, kind, str(document.get("version", "")), manifest, files)


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / _MANIFEST).read_bytes()
    except OSError as error:
        beside = " (C for a microcontroller is built into its firmware)" if (folder / "c").is_dir() else ""
        raise ArtifactError(f"{folder} is no edge bundle: it has no {_MANIFEST}{beside}", _HINT) from error


def _document(folder: Path, body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{folder / _MANIFEST} is not JSON: {error}", _HINT) from error
    if not isinstance(document, dict) or not document.get("version"):
        raise ArtifactError(f"{folder / _MANIFEST} is not a manifest", _HINT)
    return document


def _word(value: object, what: str) -> str:
    """It becomes a folder of the repository and a part of an address."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ArtifactError(f"a release cannot have the {what} {value!r}: letters, digits, '.', '_' and '-' only")


def _entry(path: str, entry: object) -> BundleFile:
    inside = not path.startswith("/") and not {"", ".", ".."} & set(path.split("/"))
    if inside and isinstance(entry, dict):
        sha256, size_bytes = entry.get("sha256"), entry.get("size_bytes")
        if isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256) and isinstance(size_bytes, int):
            return BundleFile(path, sha256, size_bytes)
    raise ArtifactError(f"the bundle's manifest has no sound entry for the file {path!r}", _HINT)


def _check(folder: Path, files: tuple[BundleFile, ...]) -> None:
    wrong = tuple(said for file in files if (said := _wrong(folder / file.name, file)))
    if wrong:
        raise ArtifactError(
            f"{folder} is not what was built: {len(wrong)} files differ from its manifest",
            "build it again",
            wrong[:20],
        )


def _wrong(path: Path, file: BundleFile) -> str | None:
    if path.is_symlink() or not path.is_file():
        return f"{file.name}: missing"
    sound = path.stat().st_size == file.size_bytes and source_files.sha256_of(path) == file.sha256
    return None if sound else f"{file.name}: changed"
