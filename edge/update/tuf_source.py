"""Releases from a URL: trusted by TUF, whose metadata are signed, expire, and never go back."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, NoReturn

from edge.update.errors import RefusedError, UnreachableError, UpdateError
from edge.update.http import Client, check_url
from edge.update.release import MAX_RELEASE_BYTES, TrustedRelease, read_release
from edge.update.tuf_client import open_updater

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuf.ngclient import FetcherInterface, Updater

    from edge.update.home import Home

_CLOCK_SLACK_S = 86400.0
_ROLES = ("root", "timestamp", "snapshot", "targets")


class Repository:
    """A folder that `packager release --to` wrote, behind a URL; ``home`` has what the device trusts."""

    def __init__(self, url: str, home: Home, client: Client | None = None) -> None:
        self._url = check_url(url)
        self._home = home
        self._client = client or Client()

    def newest(self, name: str, device: str, now: float) -> TrustedRelease:
        """The newest release of this name for this device, by metadata that are signed and not expired."""
        updater, fetcher = open_updater(self._home, self._url, self._client, now)
        from tuf.api.exceptions import DownloadError, RepositoryError

        try:
            updater.refresh()
            body = self._read(updater, fetcher, f"{name}/{device}/release.json")
        except (DownloadError, RepositoryError) as error:
            self._refuse(error, updater, now)
        release = read_release(body)
        _check_clock(release, now)
        return release

    def fetch(self, digest: str, size_bytes: int, offset: int) -> Iterator[bytes]:
        """The blob's bytes from the offset on."""
        return self._client.fetch(f"{self._url}/blobs/{digest}", size_bytes, offset)

    def _read(self, updater: Updater, fetcher: FetcherInterface, target: str) -> bytes:
        """The document that the signed list names."""
        found = updater.get_targetinfo(target)
        if found is None:
            raise RefusedError(f"{self._url} has no release {target.rpartition('/')[0]}{_others(updater)}")
        if found.length > MAX_RELEASE_BYTES:
            raise RefusedError(f"{target} is {found.length} bytes long; at most {MAX_RELEASE_BYTES} are read")
        folder, _, file = target.rpartition("/")
        address = f"{self._url}/targets/{folder}/{found.hashes.get('sha256', '')}.{file}"
        body = fetcher.download_bytes(address, found.length)
        found.verify_length_and_hashes(body)
        return body

    def _refuse(self, error: Exception, updater: Updater, now: float) -> NoReturn:
        """What TUF says, as a sentence for somebody who has never heard of it."""
        from tuf.api import exceptions

        if isinstance(error, exceptions.DownloadHTTPError):
            raise UnreachableError(f"{error}: is {self._url} the address of releases?") from None
        if isinstance(error, exceptions.ExpiredMetadataError):
            raise RefusedError(_expired(self._url, updater, now)) from None
        raise RefusedError(f"{self._url}: {_said(error)}; nothing is taken") from None


def _said(error: Exception) -> str:
    from tuf.api import exceptions
    from tuf.api.serialization import DeserializationError

    kinds: tuple[tuple[type[Exception], str], ...] = (
        (exceptions.UnsignedMetadataError, "its metadata are not signed by the keys that this device trusts"),
        (exceptions.BadVersionNumberError, "its metadata are older than what this device has seen"),
        (exceptions.DownloadLengthMismatchError, "a file of it is longer than it may be"),
        (exceptions.LengthOrHashMismatchError, "its files do not belong together, or were changed"),
        (DeserializationError, "it gives something else in place of metadata"),
    )
    what = next(
        (words for kind, words in kinds if isinstance(error, kind)), "its metadata contradict themselves"
    )
    return f"{what} ({error})"


def _expired(url: str, updater: Updater, now: float) -> str:
    trusted = {role: updater._trusted_set[role] for role in _ROLES if role in updater._trusted_set}
    clock = datetime.fromtimestamp(now, timezone.utc)
    dated = [(role, each.expires) for role, each in trusted.items() if each.expires <= clock]
    role, expires = dated[0] if dated else ("metadata", clock)
    return (
        f"{url}: its {role} expired at {expires:%Y-%m-%d %H:%M} UTC, and this device's clock says "
        f"{clock:%Y-%m-%d %H:%M}: someone shows an old state, or it was not signed anew "
        "(`packager release --refresh`), or the clock is wrong; nothing is taken"
    )


def _others(updater: Updater) -> str:
    """What the list has instead."""
    names = sorted(target.rpartition("/")[0] for target in updater._trusted_set.targets.targets)
    return f"; it has {', '.join(names[:5])}" + (" and others" if names[5:] else "") if names else ""


def _check_clock(release: TrustedRelease, now: float) -> None:
    """A clock that stands before the release was made takes what has expired for good."""
    try:
        released = datetime.strptime(release.released, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise RefusedError(f"release.json was made at {release.released!r}, which is no time") from None
    if now < released.timestamp() - _CLOCK_SLACK_S:
        clock = datetime.fromtimestamp(now, timezone.utc)
        raise UpdateError(
            f"this device's clock says {clock:%Y-%m-%d %H:%M} UTC, which is before release {release.number} "
            f"was made ({release.released}): set the clock, then update; nothing is taken"
        )
