"""Which parts of a remote file are fetched: spans, joined where they are close, cut where they are long."""

from __future__ import annotations

from collections.abc import Iterable

GAP_BYTES = 512 << 10
"""So much is read in vain rather than asked for anew."""
PIECE_BYTES = 8 << 20


def joined(
    spans: Iterable[tuple[int, int]], size_bytes: int, gap_bytes: int = GAP_BYTES
) -> list[tuple[int, int]]:
    """From (offset, length) to (start, stop), in order, apart from each other, within the file."""
    found: list[tuple[int, int]] = []
    for offset, length in sorted(spans):
        start, stop = max(0, offset), min(offset + length, size_bytes)
        if start >= stop:
            continue
        if found and start - found[-1][1] <= gap_bytes:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


def cut(ranges: Iterable[tuple[int, int]], piece_bytes: int = PIECE_BYTES) -> list[tuple[int, int]]:
    """The same in pieces."""
    return [
        (place, min(place + piece_bytes, stop))
        for start, stop in ranges
        for place in range(start, stop, piece_bytes)
    ]
