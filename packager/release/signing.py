"""What each change of a repository ends with: signatures that are due, and what devices are handed out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import ReleaseError
from packager.release import roles, storage

if TYPE_CHECKING:
    from packager.release.keys import SigningKey
    from packager.release.roles import Roles

DOCUMENT = "release.json"
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs: ``key`` root and targets, ``online`` snapshot and timestamp; often the same."""

    key: SigningKey
    online: SigningKey


@dataclass(frozen=True, slots=True)
class Signed:
    """Until when devices take what the repository says.

    ``online_until``: snapshot and timestamp, by the online key; ``offline_until``: root, targets, by ``key``.
    """

    repository: Path
    online_until: str
    offline_until: str
    public_key: str | None


def sign(state: Roles, keys: Keys, now: datetime, days: int, targets: bool) -> None:
    """All that has changed or grows old, and what shows it."""
    if not state.root.signatures or roles.is_old(state.root, now):
        roles.sign_root(state, (keys.key,), now)
    if targets or roles.is_old(state.targets, now):
        roles.sign_targets(state, (keys.key,), now)
    else:
        roles.list_targets(state)
    roles.sign_online(state, (keys.online,), now, days)


def hand_out(repository: Path, state: Roles, key: SigningKey) -> None:
    """What a device is given once, and the newest releases for devices that read a folder."""
    trust = repository / "trust"
    storage.write_where_different(
        {
            trust / "root.json": roles.root_bytes(state),
            trust / "release.pub": f"{key.public_base64}\n".encode(),
        }
    )
    for target, entry in state.targets.signed.targets.items():
        document = body(repository, target, entry.hashes["sha256"])
        place = repository / "plain" / target
        signature = f"{key.sign(document)}\n".encode()
        storage.write_where_different({place: document, place.with_name(f"{DOCUMENT}.sig"): signature})


def signed(repository: Path, state: Roles, key: SigningKey | None) -> Signed:
    online, offline = (
        min(metadata.signed.expires for metadata in pair).strftime(TIME)
        for pair in ((state.snapshot, state.timestamp), (state.root, state.targets))
    )
    return Signed(repository, online, offline, key.public_base64 if key else None)


def body(repository: Path, target: str, sha256: str) -> bytes:
    path = target_path(repository, target, sha256)
    body = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ReleaseError(f"{path} is not what was signed", "put it back from a copy of the repository")
    return body


def target_path(repository: Path, target: str, sha256: str) -> Path:
    folder, _, name = target.rpartition("/")
    return repository / "targets" / folder / f"{sha256}.{name}"


def another(repository: Path, key: SigningKey, role: str) -> ReleaseError:
    option = "--online-key" if role == "timestamp" else "--key"
    return ReleaseError(
        f"{key.path} is not the key that signs the {role} of {repository}",
        f"give {option} the key that does; --rotate-to hands a repository over to another",
    )
