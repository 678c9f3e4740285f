"""Candidates with given figures."""

from packager.figures import verdict
from packager.measurement import Ratio
from packager.optimized import Candidate, Drop, Outcome, PassRecord, Score, Sizes


def candidate(
    at: int,
    kind: str,
    outcome: Outcome,
    shipped_bytes: int = 1000,
    times: tuple[float, float, float] | None = None,
    lost: float = 0.0,
) -> Candidate:
    """One trial; ``times``: the ratio of its latency with the interval."""
    latency = None
    if times is not None:
        ratio, low, high = times
        latency = Ratio("latency_ms", ratio, low, high, verdict(low, high, 0.05))
    return Candidate(
        id=str(at),
        title=kind.replace("_", " ") or "as converted",
        outcome=outcome,
        why="",
        passes=(PassRecord(kind, {}, ""),) if kind else (),
        sizes=Sizes(shipped_bytes, shipped_bytes, shipped_bytes),
        score=Score("accuracy", 0.9 - lost, 1000, "labels"),
        drop=Drop(lost, lost, lost),
        latency_ms=latency.ratio if latency else 1.0,
        latency=latency,
        usd_per_million=1.0,
    )


BASE = candidate(0, "", "base")
