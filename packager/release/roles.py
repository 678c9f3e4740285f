"""The signed metadata of a repository (TUF): read with their signatures checked, and signed anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.errors import ReleaseError
from packager.release import storage

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

    from packager.release.keys import SigningKey

_ROOM = "metadata"
_RESTORE = "put the file back from a copy of the repository, or start a new one"
_OFFLINE, _ONLINE = ("root", "targets"), ("snapshot", "timestamp")
LONG_DAYS = 365
"""How long root and targets are good for: the key that signs them is fetched for a release, and kept away."""
SHORT_DAYS = 30
"""How long a device may be shown an old state without noticing, and how often somebody has to sign anew."""


@dataclass(slots=True)
class Roles:
    """The four roles of one repository as they were signed last."""

    folder: Path
    root: Metadata[Root]
    targets: Metadata[Targets]
    snapshot: Metadata[Snapshot]
    timestamp: Metadata[Timestamp]

    def signs(self, role: str, key: SigningKey) -> bool:
        """Whether that key, and no other beside it, signs for the role: what another one may have listed is
        never signed once more."""
        return bool(self.root.signed.roles[role].keyids == [key.id])


def create(repository: Path, key: SigningKey, online: SigningKey) -> Roles:
    """Roles for a new repository, of which nothing is signed or written yet."""
    from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

    root = Root(consistent_snapshot=True)
    _assign(root, key, online)
    others = Metadata(Targets()), Metadata(Snapshot()), Metadata(Timestamp())
    return Roles(repository / _ROOM, Metadata(root), *others)


def read(repository: Path) -> Roles | None:
    """What stands in the repository; None where nothing was released yet.

    Root and targets must be signed as the root says: what they list is signed once more by us. Of snapshot
    and timestamp only the version counts, since both are made anew from the targets.
    """
    from tuf.api.metadata import Metadata, Snapshot, Timestamp

    folder = repository / _ROOM
    version, newest = _newest(folder, "root"), _newest(folder, "targets")
    if not newest or not (folder / "timestamp.json").exists():
        return None
    root = _load(folder / f"{version}.root.json", "root")
    targets = _load(folder / f"{newest}.targets.json", "targets", root)
    snapshot = Metadata(Snapshot(_newest(folder, "snapshot") + 1))
    timestamp = Metadata(Timestamp(_version_of(folder / "timestamp.json") + 1))
    return Roles(folder, root, targets, snapshot, timestamp)


def sign_root(roles: Roles, keys: Iterable[SigningKey], now: datetime) -> None:
    """A new version of the root, which is what devices follow from the one that they were given."""
    roles.root.signed.expires = _after(now, LONG_DAYS)
    body = _sign(roles.root, keys)
    storage.write(roles.folder / f"{roles.root.signed.version}.root.json", body)


def sign_targets(roles: Roles, keys: Iterable[SigningKey], now: datetime) -> None:
    """A new list of releases; nobody sees it before the next ``sign_online``."""
    roles.targets.signed.expires = _after(now, LONG_DAYS)
    body = _sign(roles.targets, keys)
    storage.write(roles.folder / f"{roles.targets.signed.version}.targets.json", body)
    list_targets(roles)


def list_targets(roles: Roles) -> None:
    """Let the next snapshot show the newest list as it lies there."""
    from tuf.api.metadata import MetaFile

    version = roles.targets.signed.version
    body = (roles.folder / f"{version}.targets.json").read_bytes()
    roles.snapshot.signed.meta["targets.json"] = MetaFile.from_data(version, body, ["sha256"])


def sign_online(roles: Roles, keys: Iterable[SigningKey], now: datetime, days: int) -> None:
    """A new snapshot, and the timestamp that shows it to everybody: last, and in one rename."""
    from tuf.api.metadata import MetaFile

    keys = tuple(keys)
    roles.snapshot.signed.expires = roles.timestamp.signed.expires = _after(now, days)
    body = _sign(roles.snapshot, keys)
    version = roles.snapshot.signed.version
    storage.write(roles.folder / f"{version}.snapshot.json", body)
    roles.timestamp.signed.snapshot_meta = MetaFile.from_data(version, body, ["sha256"])
    storage.write(roles.folder / "timestamp.json", _sign(roles.timestamp, keys))


def hand_over(roles: Roles, key: SigningKey, online: SigningKey) -> None:
    """Make these the keys of all roles; the root has to be signed by the old and the new one then."""
    _assign(roles.root.signed, key, online)


def root_bytes(roles: Roles) -> bytes:
    """The newest root as it lies in the repository."""
    return (roles.folder / f"{roles.root.signed.version}.root.json").read_bytes()


def is_old(metadata: Metadata[Any], now: datetime) -> bool:
    """Whether less than half of its time is left."""
    return bool(metadata.signed.expires < _after(now, LONG_DAYS // 2))


def _assign(root: Root, key: SigningKey, online: SigningKey) -> None:
    for role, own in ((role, key if role in _OFFLINE else online) for role in (*_OFFLINE, *_ONLINE)):
        for keyid in [keyid for keyid in root.roles[role].keyids if keyid != own.id]:
            root.revoke_key(keyid, role)
        if own.id not in root.roles[role].keyids:
            root.add_key(own.public, role)


def _sign(metadata: Metadata[Any], keys: Iterable[SigningKey]) -> bytes:
    from tuf.api.serialization.json import JSONSerializer

    if metadata.signatures:
        metadata.signed.version += 1
    metadata.signatures.clear()
    for key in {key.id: key for key in keys}.values():
        metadata.sign(key.signer, append=True)
    return metadata.to_bytes(JSONSerializer())


def _load(path: Path, role: str, root: Metadata[Root] | None = None) -> Any:
    """Read one file; what its role did not sign is not signed once more by us."""
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata

    try:
        found: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
        if found.signed.type != role:
            raise RepositoryError(f"it is of the role {found.signed.type}")
        signer: Metadata[Root] = root or found
        signer.signed.verify_delegate(role, found.signed_bytes, found.signatures)
    except (OSError, RepositoryError) as error:
        raise ReleaseError(
            f"{path} is not what the keys of this repository signed: {error}",
            _RESTORE,
        ) from error
    return found


def _after(now: datetime, days: int) -> datetime:
    return now.replace(microsecond=0) + timedelta(days=days)


def _newest(folder: Path, role: str) -> int:
    """The highest version of a role that lies there, 0 where none does."""
    named = (re.fullmatch(rf"([1-9]\d{{0,9}})\.{role}\.json", path.name) for path in folder.glob("*.json"))
    return max((int(match[1]) for match in named if match), default=0)


def _version_of(path: Path) -> int:
    try:
        version = json.loads(path.read_bytes())["signed"]["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}", _RESTORE) from error
    if isinstance(version, int) and version > 0:
        return version
    raise ReleaseError(f"{path} has the version {version!r}", _RESTORE)
