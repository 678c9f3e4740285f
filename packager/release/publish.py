"""Adds a bundle to a repository of releases."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.errors import ReleaseError
from packager.manifest import canonical_json
from packager.release import artifact, roles, storage
from packager.release.extra import needs_extra
from packager.release.signing import (
    DOCUMENT,
    TIME,
    Keys,
    Signed,
    another,
    body,
    hand_out,
    sign,
    signed,
    target_path,
)
from packager.uv_program import Progress, silent

if TYPE_CHECKING:
    from packager.release.artifact import EdgeBundle
    from packager.release.roles import Roles

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Released:
    """One release of a bundle. ``is_new``: false where the newest release was this bundle already."""

    name: str
    device: str
    number: int
    version: str
    released: str
    is_new: bool
    is_first: bool
    total_bytes: int
    files: int
    added_files: int
    added_bytes: int
    signed: Signed


@needs_extra
def publish(
    folder: Path,
    repository: Path,
    keys: Keys,
    number: int | None = None,
    days: int = roles.SHORT_DAYS,
    say: Progress = silent,
) -> Released:
    """Add the bundle in ``folder``.

    Blobs first, the timestamp last: who reads meanwhile sees the old state or the new one, and a release that
    was ended can be made again.
    """
    bundle = artifact.read(folder)
    with storage.exclusive(repository, say, create=True):
        found, now = roles.read(repository), datetime.now(UTC)
        state = found or roles.create(repository, keys.key, keys.online)
        _refuse_other_keys(repository, state, keys)
        last = _newest(repository, state, bundle)
        document = _document(bundle, last, number, now)
        added = _add_blobs(repository, bundle, say)
        is_new = document != last
        _list(repository, state, bundle, canonical_json(document))
        sign(state, keys, now, days, targets=is_new)
        hand_out(repository, state, keys.key)
        until = signed(repository, state, keys.key)
    return Released(
        bundle.name, bundle.device, document["number"], bundle.version, document["released"], is_new,
        found is None, bundle.total_bytes, len(bundle.files), *added, until,
    )  # fmt: skip


def _refuse_other_keys(repository: Path, state: Roles, keys: Keys) -> None:
    for role, key in (("root", keys.key), ("targets", keys.key), ("timestamp", keys.online)):
        if not state.signs(role, key):
            raise another(repository, key, role)


def _newest(repository: Path, state: Roles, bundle: EdgeBundle) -> dict[str, Any] | None:
    """The newest release of this name for this device, which must be what was signed."""
    entry = state.targets.signed.targets.get(_target(bundle.name, bundle.device))
    return None if entry is None else dict(json.loads(body(repository, entry.path, entry.hashes["sha256"])))


def _document(
    bundle: EdgeBundle, last: dict[str, Any] | None, number: int | None, now: datetime
) -> dict[str, Any]:
    """What `release.json` says; the last one itself where it is of this very bundle."""
    manifest = {"sha256": bundle.manifest.sha256, "size_bytes": bundle.manifest.size_bytes}
    if last is not None and last["manifest"] == manifest and number in (None, last["number"]):
        return last
    before = last["number"] if last else 0
    if number is not None and number <= before:
        raise ReleaseError(
            f"release {before} of {bundle.name} for {bundle.device} is there, and numbers only grow: "
            f"{number} is not higher",
            f"leave --number out, or give {before + 1} or more",
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "name": bundle.name,
        "device": bundle.device,
        "number": number or before + 1,
        "version": bundle.version,
        "released": now.strftime(TIME),
        "manifest": manifest,
        "total_bytes": bundle.total_bytes,
    }


def _add_blobs(repository: Path, bundle: EdgeBundle, say: Progress) -> tuple[int, int]:
    """The files that no release had yet: how many, and their bytes."""
    added = added_bytes = 0
    say(f"adding what is new of {len(bundle.files)} files")
    for file in (bundle.manifest, *bundle.files):
        if storage.add_blob(repository, bundle.root / file.name, file.sha256, file.size_bytes):
            added, added_bytes = added + 1, added_bytes + file.size_bytes
    return added, added_bytes


def _list(repository: Path, state: Roles, bundle: EdgeBundle, body: bytes) -> None:
    """Put the document where its digest says, and into the list of targets."""
    from tuf.api.metadata import TargetFile

    target = _target(bundle.name, bundle.device)
    sha256 = hashlib.sha256(body).hexdigest()
    storage.write_where_different({target_path(repository, target, sha256): body})
    state.targets.signed.targets[target] = TargetFile(len(body), {"sha256": sha256}, target)


def _target(name: str, device: str) -> str:
    return f"{name}/{device}/{DOCUMENT}"
