"""From what was seen to a table of memory sizes: measured ones, and the rest by a stated rule."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean, median

from packager.figures import distribution
from packager.measurement import MemoryPoint, Origin
from packager.prices import Prices
from packager.runtime_api import FULL_CPU_MB
from packager.tuning.cgroups import cpu_share
from packager.tuning.measure import Seen

SIZES = (128, 256, 512, 768, 1024, FULL_CPU_MB, 3008, 3538, 5308, 7076, 8845, 10_240)
"""What is looked at; the larger ones are where Lambda gives two to six whole processors."""
_ONE_THREAD = 1.1
"""More CPU time than this part of the time on the wall is the work of several threads."""


def under_limits(seen: Mapping[int, Seen], sizes: Sequence[int], prices: Prices) -> tuple[MemoryPoint, ...]:
    """A point for each size; those that were not measured are as fast as the largest that was."""
    largest = seen[max(seen)]
    return tuple(
        _point(seen[size], "measured", prices) if size in seen else _above(largest, size, prices)
        for size in sorted(sizes)
    )


def _above(largest: Seen, memory_mb: int, prices: Prices) -> MemoryPoint:
    """What failed at the largest size that this machine can be may well run at a larger one: nobody knows."""
    unknown = replace(largest, out_of_memory=False, failure="it was not measured")
    known = unknown if largest.ended else largest
    return _point(replace(known, memory_mb=memory_mb), "extrapolated", prices)


def without_limits(
    seen: Seen, sizes: Sequence[int], processors: int, prices: Prices
) -> tuple[MemoryPoint, ...]:
    """A point for each size from one that was measured without limits: smaller ones take the longer by what
    their CPU share is less, larger ones than this machine are as fast as it is."""
    return tuple(_unlimited(seen, size, processors, prices) for size in sorted(sizes))


def _unlimited(seen: Seen, memory_mb: int, processors: int, prices: Prices) -> MemoryPoint:
    if seen.peak_memory_bytes > memory_mb << 20:
        return _point(replace(seen, memory_mb=memory_mb, out_of_memory=True), "extrapolated", prices)
    share = cpu_share(memory_mb)
    if share > processors:
        return _point(replace(seen, memory_mb=memory_mb), "extrapolated", prices)
    if share >= max(1.0, parallelism(seen)):
        return _point(replace(seen, memory_mb=memory_mb), "unlimited", prices)
    return _point(_slower(seen, memory_mb), "extrapolated", prices)


def parallelism(seen: Seen) -> float:
    """How many processors its warm requests kept busy; 1 for one thread."""
    busy = sum(seen.warm_cpu_ms) / sum(seen.warm_ms) if seen.warm_ms else 1.0
    return busy if busy > _ONE_THREAD else 1.0


def _slower(seen: Seen, memory_mb: int) -> Seen:
    """The same work under a smaller share: what waits for the share comes to each time."""
    more = 1 / cpu_share(memory_mb) - 1 / parallelism(seen)
    cold, warm = mean(seen.cold_cpu_ms) * more, mean(seen.warm_cpu_ms) * more
    return replace(
        seen,
        memory_mb=memory_mb,
        cold_ms=[time + cold for time in seen.cold_ms],
        warm_ms=[time + warm for time in seen.warm_ms],
    )


def _point(seen: Seen, origin: Origin, prices: Prices) -> MemoryPoint:
    if seen.ended or not seen.warm_ms:
        peak = seen.peak_memory_bytes or None
        return MemoryPoint(
            seen.memory_mb, origin, seen.out_of_memory, None, None, None, peak, None, None
        )  # fmt: skip
    warm = distribution(seen.warm_ms)
    return MemoryPoint(
        memory_mb=seen.memory_mb,
        origin=origin,
        out_of_memory=False,
        cold_ms=median(seen.cold_ms),
        warm_p50_ms=warm.p50,
        warm_p95_ms=warm.p95,
        peak_memory_bytes=seen.peak_memory_bytes,
        usd_per_million=prices.usd_per_million(seen.memory_mb, seen.warm_ms),
        usd_per_million_cold=prices.usd_per_million(seen.memory_mb, seen.cold_ms),
    )
