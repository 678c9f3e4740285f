"""Where releases come from: a source says which release is the newest that it trusts, and hands out blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.update.release import TrustedRelease


class Source(Protocol):
    """``plain.Folder`` (a folder and its Ed25519 signature) or ``tuf_source.Repository`` (a URL and TUF).

    ``Repository(url, home)`` finds TUF's first root in ``home.trust`` (``root.json``), and keeps its metadata
    in ``home.metadata``.
    """

    def newest(self, name: str, device: str, now: float) -> TrustedRelease:
        """The newest release of this name for this device, its signature checked.

        ``now`` is the device's clock in seconds since 1970: metadata that had expired by then is refused.
        That the number is not below the highest ever trusted is checked by the caller, for all sources alike.
        Raises ``RefusedError`` (not signed, expired, rolled back …) or ``UnreachableError`` (later, perhaps).
        """

    def fetch(self, digest: str, size_bytes: int, offset: int) -> Iterator[bytes]:
        """The bytes of the blob ``digest`` from ``offset`` on, in pieces of at most 1 MiB.

        Who cannot start there reads and drops what comes before. The source need not check digest or size:
        the caller counts, hashes, stops at ``size_bytes``, and bounds the time of all pieces together. Each
        piece must arrive within ``PIECE_TIMEOUT_S``. Raises ``RefusedError`` (no such blob) or
        ``UnreachableError``.
        """


PIECE_TIMEOUT_S = 30.0
