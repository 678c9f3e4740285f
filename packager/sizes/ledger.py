"""The byte ledger: what each package and kind of file takes, and the room that is left."""

from collections.abc import Sequence
from pathlib import Path

from packager.measurement import SizeLedger, SizeRoom, SizeShare
from packager.sizes.owners import kind_of, owners
from packager.sizes.reading import Item, Opened, opened
from packager.targets.aws_lambda import quotas


def ledger(path: Path) -> SizeLedger:
    """The ledger of a zip, a folder or an artifact, without advice."""
    with opened(path) as found:
        return account(found)


def account(found: Opened) -> SizeLedger:
    """The ledger of what was opened."""
    unzipped_bytes = sum(item.unzipped_bytes for item in found.items)
    return SizeLedger(
        path=str(found.path),
        files=len(found.items),
        unzipped_bytes=unzipped_bytes,
        zipped_bytes=found.zipped_bytes,
        shares=_shares(found),
        room=_room(found, unzipped_bytes),
        cuts=None,
    )


def _shares(found: Opened) -> tuple[SizeShare, ...]:
    groups: dict[tuple[str, str], list[Item]] = {}
    packages = owners(found.code, [item.path.removeprefix(found.prefix) for item in found.items])
    for item in found.items:
        name = item.path.removeprefix(found.prefix)
        groups.setdefault((packages[name], kind_of(name)), []).append(item)
    shares = [_share(package, items) for (package, _), items in groups.items()]
    return tuple(sorted(shares, key=lambda share: (-share.zipped_bytes, share.package, share.kind)))


def _share(package: str, items: Sequence[Item]) -> SizeShare:
    return SizeShare(
        package=package,
        kind=kind_of(items[0].path),
        files=len(items),
        unzipped_bytes=sum(item.unzipped_bytes for item in items),
        zipped_bytes=sum(item.zipped_bytes for item in items),
    )


def _room(found: Opened, unzipped_bytes: int) -> tuple[SizeRoom, ...]:
    if found.device is not None:
        limit = f"a bundle on {found.device.name} (flash_mb)"
        return (SizeRoom(limit, found.device.flash_bytes, unzipped_bytes),)
    if found.is_job:
        return ()  # a job lies on a disk, or in an image
    limits = quotas.limits()
    return (
        SizeRoom("direct upload of a function's zip", limits.direct_upload_bytes, found.zipped_bytes),
        SizeRoom("a function unzipped, with its layers", limits.unzipped_bytes, unzipped_bytes),
    )
