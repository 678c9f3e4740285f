"""How latencies are distributed, in fixed buckets: small, the same on every device, and added up exactly.

Whole nanoseconds below 64 have a bucket each; above, each doubling has 32 buckets of equal width. A quantile
is answered by the middle of its bucket, so it is off by less than 1/64 (1.6 %) of the true one, whatever was
merged.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

RELATIVE_ERROR = 1 / 64
_EXACT = 64
_STEPS_BITS = 5
_STEPS = 1 << _STEPS_BITS
MOST_NS = (1 << 62) - 1


def bucket_of(value_ns: int) -> int:
    """The bucket of a latency from 0 to ``MOST_NS``."""
    if value_ns < _EXACT:
        return value_ns
    shift = value_ns.bit_length() - _STEPS_BITS - 1
    return (shift << _STEPS_BITS) + (value_ns >> shift)


def bounds_of(bucket: int) -> tuple[int, int]:
    """The smallest and the largest latency of a bucket."""
    if bucket < _EXACT:
        return bucket, bucket
    shift = (bucket >> _STEPS_BITS) - 1
    low = ((bucket & (_STEPS - 1)) + _STEPS) << shift
    return low, low + (1 << shift) - 1


MOST_BUCKETS = bucket_of(MOST_NS) + 1


class Sketch:
    """Latencies by bucket. To add one is a few operations on whole numbers."""

    __slots__ = ("buckets", "count", "largest_ns", "smallest_ns", "total_ns")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.total_ns = 0
        self.smallest_ns = MOST_NS
        self.largest_ns = 0

    def add(self, value_ns: int) -> None:
        """Count one latency; what is outside of 0 to ``MOST_NS`` is counted at that end."""
        value_ns = min(max(value_ns, 0), MOST_NS)
        bucket = bucket_of(value_ns)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.total_ns += value_ns
        self.smallest_ns = min(self.smallest_ns, value_ns)
        self.largest_ns = max(self.largest_ns, value_ns)

    def merge(self, other: Sketch) -> None:
        """Count all of another's: in whatever order sketches are merged, the result is the same."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.count += other.count
        self.total_ns += other.total_ns
        self.smallest_ns = min(self.smallest_ns, other.smallest_ns)
        self.largest_ns = max(self.largest_ns, other.largest_ns)

    def quantile_ns(self, share: float) -> float | None:
        """The latency that at least ``share`` of all do not exceed; None where nothing was counted."""
        if not self.count:
            return None
        rank = max(1, -int(-share * self.count // 1))
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                low, high = bounds_of(bucket)
                return min(max((low + high) / 2, self.smallest_ns), self.largest_ns)
        return float(self.largest_ns)

    def document(self) -> dict[str, object]:
        """As it stands in a summary: ``[bucket, count]`` for each one that is not empty."""
        return {
            "buckets": [[bucket, self.buckets[bucket]] for bucket in sorted(self.buckets)],
            "total_ns": self.total_ns,
            "smallest_ns": self.smallest_ns if self.count else None,
            "largest_ns": self.largest_ns if self.count else None,
        }


def read_sketch(document: dict[str, object]) -> Sketch:
    """The sketch of a summary; ValueError where it is none."""
    sketch = Sketch()
    buckets = document.get("buckets")
    for bucket, count in _pairs(buckets if isinstance(buckets, list) else [None]):
        sketch.buckets[bucket] = sketch.buckets.get(bucket, 0) + count
        sketch.count += count
    sketch.total_ns = _whole(document.get("total_ns"))
    if sketch.count:
        sketch.smallest_ns = _whole(document.get("smallest_ns"))
        sketch.largest_ns = _whole(document.get("largest_ns"))
    return sketch


def _pairs(buckets: list[object]) -> Iterable[tuple[int, int]]:
    for pair in buckets:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"{str(pair)[:60]} is no bucket with its count")
        bucket, count = _whole(pair[0]), _whole(pair[1])
        if bucket >= MOST_BUCKETS or not count:
            raise ValueError(f"{str(pair)[:60]} is no bucket with its count")
        yield bucket, count


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{str(value)[:60]} is no count")
    return value
