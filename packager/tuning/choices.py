"""Recommends memory sizes: the cheapest, the fastest and the best balance of those that hold the function."""

from collections.abc import Iterable
from dataclasses import dataclass

from packager.measurement import Choice, MemoryPoint

MARGIN = 1.25
"""A recommended size has a quarter more than the most memory that was seen."""
NEARLY = 1.05
COLD_SHARE = 0.01
"""One request in a hundred is taken to meet a cold start, where both kinds count."""
_COUNTED = "one request in a hundred counted as cold"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A size that could be chosen, with what one request takes and costs: warm, and with its cold share."""

    memory_mb: int
    p50_ms: float
    p95_ms: float
    cold_ms: float
    usd: float
    usd_cold: float

    @property
    def time_ms(self) -> float:
        """What a request takes on the whole: half of the warm ones are slower."""
        return _mixed(self.p50_ms, self.cold_ms)

    @property
    def usd_on_the_whole(self) -> float:
        """What a million requests cost, some of them cold."""
        return _mixed(self.usd, self.usd_cold)


def choose(points: Iterable[MemoryPoint], latency_target_ms: float | None) -> tuple[Choice, ...]:
    """One size of each kind; the cheapest is missing where none meets the target, all where none has enough
    memory."""
    candidates = _candidates(tuple(points))
    if not candidates:
        return ()
    cheapest = _cheapest(candidates, latency_target_ms)
    found = [cheapest] if cheapest else []
    return (*found, _fastest(candidates), _balanced(candidates))


def nearest(points: Iterable[MemoryPoint]) -> MemoryPoint | None:
    """The point with the lowest latency, to name where none meets a target."""
    held = tuple(points)
    sizes = {candidate.memory_mb: candidate.p95_ms for candidate in _candidates(held)}
    return min(
        (point for point in held if point.memory_mb in sizes), key=lambda p: sizes[p.memory_mb], default=None
    )


def least_memory_mb(points: Iterable[MemoryPoint]) -> float:
    """The smallest size that may be recommended."""
    peaks = [point.peak_memory_bytes or 0 for point in points]
    return max(peaks, default=0) * MARGIN / 2**20


def _candidates(points: tuple[MemoryPoint, ...]) -> list[_Candidate]:
    least_mb = least_memory_mb(points)
    found = (_candidate(point) for point in points if point.memory_mb >= least_mb)
    return sorted((one for one in found if one is not None), key=lambda one: one.memory_mb)


def _candidate(point: MemoryPoint) -> _Candidate | None:
    p50, p95, cold = point.warm_p50_ms, point.warm_p95_ms, point.cold_ms
    usd, usd_cold = point.usd_per_million, point.usd_per_million_cold
    if p50 is None or p95 is None or cold is None or usd is None or usd_cold is None:
        return None
    return None if point.out_of_memory else _Candidate(point.memory_mb, p50, p95, cold, usd, usd_cold)


def _mixed(warm: float, cold: float) -> float:
    return (1 - COLD_SHARE) * warm + COLD_SHARE * cold


def _cheapest(candidates: list[_Candidate], target_ms: float | None) -> Choice | None:
    met = [one for one in candidates if target_ms is None or one.p95_ms <= target_ms]
    if not met:
        return None
    one = min(met, key=lambda one: (one.usd, one.p95_ms))
    meets = "" if target_ms is None else f" of those within {target_ms:g} ms"
    return Choice("cheapest", one.memory_mb, f"${one.usd:.2f} per million warm requests, the least{meets}")


def _fastest(candidates: list[_Candidate]) -> Choice:
    best = min(one.time_ms for one in candidates)
    one = next(one for one in candidates if one.time_ms <= NEARLY * best)
    why = f"{_times(one)}: the smallest within 5 % of the shortest time, {_COUNTED}"
    return Choice("fastest", one.memory_mb, why)


def _balanced(candidates: list[_Candidate]) -> Choice:
    one = min(candidates, key=lambda one: one.time_ms * one.usd_on_the_whole)
    why = f"{_times(one)}, ${one.usd:.2f} per million: the least time x cost, {_COUNTED}"
    return Choice("balanced", one.memory_mb, why)


def _times(one: _Candidate) -> str:
    return f"warm {one.p50_ms:.3g} ms (p95 {one.p95_ms:.3g}), cold {one.cold_ms:.0f} ms"
