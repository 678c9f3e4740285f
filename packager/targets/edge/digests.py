"""The digests of a file in a bundle's manifest (`docs/contracts.md`)."""

import hashlib
from typing import Any

PIECE_BYTES = 4 << 20


def entry_of(content: bytes) -> dict[str, Any]:
    """SHA-256 of the whole names it in a release; BLAKE2b of its pieces is what a device checks."""
    starts = range(0, max(len(content), 1), PIECE_BYTES)
    pieces = [content[start : start + PIECE_BYTES] for start in starts]
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "blake2b": [hashlib.blake2b(piece, digest_size=32).hexdigest() for piece in pieces],
    }
