"""Where the buffers of a program lie: one array for each type, whose parts are used again and again."""

from collections.abc import Sequence

from packager.firmware.literals import BYTES
from packager.firmware.tensor import Buffer


def laid(buffers: Sequence[Buffer]) -> dict[Buffer, int]:
    """The place of each buffer in the array of its type. Two that are in use at once never share one."""
    found: dict[Buffer, int] = {}
    for buffer in buffers:
        found[buffer] = _place(buffer, found)
    return found


def sizes(places: dict[Buffer, int]) -> dict[str, int]:
    """How many numbers the array of each type has, the largest types first."""
    ends: dict[str, int] = {}
    for buffer, place in places.items():
        ends[buffer.c_type] = max(ends.get(buffer.c_type, 0), place + buffer.size)
    return dict(sorted(ends.items(), key=lambda item: (-BYTES[item[0]], item[0])))


def size_bytes(places: dict[Buffer, int]) -> int:
    """All of it."""
    return sum(BYTES[c_type] * count for c_type, count in sizes(places).items())


def _place(buffer: Buffer, laid_before: dict[Buffer, int]) -> int:
    for under in buffer.over:
        free = under in laid_before and _may_overwrite(buffer, under)
        if free and not _clashes(buffer, laid_before[under], laid_before, under):
            return laid_before[under]
    candidates = [0, *(place + other.size for other, place in laid_before.items())]
    return min(place for place in candidates if not _clashes(buffer, place, laid_before))


def _may_overwrite(buffer: Buffer, under: Buffer) -> bool:
    return under.c_type == buffer.c_type and under.size == buffer.size and under.last == buffer.first


def _clashes(buffer: Buffer, place: int, laid_before: dict[Buffer, int], under: Buffer | None = None) -> bool:
    return any(
        other is not under
        and other.c_type == buffer.c_type
        and other.first <= buffer.last
        and buffer.first <= other.last
        and place < start + other.size
        and start < place + buffer.size
        for other, start in laid_before.items()
    )
