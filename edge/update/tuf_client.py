"""python-tuf's client, on nothing but pure Python: out of the bundle's `update_packages/`, over our own HTTP.

No other module puts that folder on the path, so that predicting never pays for it.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from types import ModuleType
from typing import TYPE_CHECKING

from edge.update.errors import UnreachableError, UpdateError
from edge.update.http import StatusError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuf.ngclient import FetcherInterface, Updater

    from edge.update.home import Home
    from edge.update.http import Client

_BUNDLE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGES = os.path.join(_BUNDLE, "update_packages")
METADATA_LIMIT_S = 180.0
"""For all metadata together, which are some kilobytes."""
_MAX_ROOT_BYTES = 65536
_MAX_LIST_BYTES = 4 * 1024 * 1024
_MAX_ROTATIONS = 64


def open_updater(home: Home, url: str, client: Client, now: float) -> tuple[Updater, FetcherInterface]:
    """A client that trusts what the home's root says, as of the time ``now``; nothing is asked for yet."""
    root_path = os.path.join(home.trust, "root.json")
    root = _read_root(root_path)
    with _packages():
        from tuf.api.exceptions import RepositoryError
        from tuf.ngclient import Updater, UpdaterConfig
    os.makedirs(home.metadata, exist_ok=True)
    _sweep(home.metadata)
    fetcher = _make_fetcher(client)
    config = UpdaterConfig(
        max_root_rotations=_MAX_ROTATIONS,
        root_max_length=_MAX_ROOT_BYTES,
        snapshot_max_length=_MAX_LIST_BYTES,
        targets_max_length=_MAX_LIST_BYTES,
    )
    try:
        updater = Updater(home.metadata, f"{url}/metadata/", fetcher=fetcher, config=config, bootstrap=root)
    except RepositoryError as error:
        raise UpdateError(f"{root_path} is no root of trust: {error}") from None
    updater._trusted_set.reference_time = datetime.fromtimestamp(now, timezone.utc)
    return updater, fetcher


def check_packages() -> bool:
    """Whether this bundle has what an update from a URL needs; UpdateError where that is not whole."""
    if not os.path.isdir(PACKAGES):
        return False
    with _packages():
        from tuf.ngclient import Updater
    return Updater is not None


def _read_root(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_ROOT_BYTES)
    except OSError as error:
        raise UpdateError(
            f"this device has no root of trust: {path}: {error.strerror}; provision it with the root.json of "
            "the releases' trust folder"
        ) from None


def _sweep(metadata: str) -> None:
    """What tuf had not finished when power was cut."""
    for left in os.listdir(metadata):
        if left.startswith("tmp"):
            with suppress(OSError):
                os.unlink(os.path.join(metadata, left))


def _make_fetcher(client: Client) -> FetcherInterface:
    """The client as TUF asks it: whole files in memory, no longer than they may be."""
    from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
    from tuf.ngclient.fetcher import FetcherInterface

    ends = time.monotonic() + METADATA_LIMIT_S

    class Fetcher(FetcherInterface):
        def _fetch(self, url: str) -> Iterator[bytes]:
            try:
                for piece in client.fetch(url):
                    yield piece
                    if time.monotonic() > ends:
                        raise UnreachableError(f"{url}: no metadata within {METADATA_LIMIT_S:g} s")
            except StatusError as error:
                raise DownloadHTTPError(error.message, error.status) from None

        def download_bytes(self, url: str, max_length: int) -> bytes:
            """TUF's own writes to a folder for temporary files, which a device may not have."""
            body = bytearray()
            for piece in self._fetch(url):
                body += piece
                if len(body) > max_length:
                    raise DownloadLengthMismatchError(f"{url} has more than {max_length} bytes")
            return bytes(body)

    return Fetcher()


@contextmanager
def _packages() -> Iterator[None]:
    """Let tuf be imported: the bundle's own, without its fetcher's urllib3, and on pure Python alone, so that
    what happens to be installed on a device changes nothing."""
    stand_in = ModuleType("tuf.ngclient.urllib3_fetcher")
    stand_in.Urllib3Fetcher = type("Urllib3Fetcher", (), {})  # type: ignore[attr-defined]
    sys.modules.setdefault(stand_in.__name__, stand_in)
    own = os.path.isdir(PACKAGES)
    hidden = own and "cryptography" not in sys.modules
    if own and PACKAGES not in sys.path:
        sys.path.insert(0, PACKAGES)
    if hidden:
        sys.modules["cryptography"] = None  # type: ignore[assignment]
    try:
        yield
    except ImportError as error:
        raise UpdateError(
            f"this bundle cannot update from a URL: {error.name or error} is missing in {PACKAGES}; update "
            "from a folder, or install a bundle that has it"
        ) from error
    finally:
        if hidden:
            del sys.modules["cryptography"]
