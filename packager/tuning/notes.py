"""Says how the figures came about and what they leave out: a figure without its conditions is no figure."""

from collections.abc import Iterator, Mapping, Sequence

from packager.errors import PackagerError
from packager.measurement import Machine, MemoryPoint
from packager.runtime_api import FULL_CPU_MB
from packager.tuning import choices
from packager.tuning.measure import PAUSE_S, Seen
from packager.tuning.points import parallelism

_ALWAYS = (
    "times are of this machine's processor; Lambda's sandbox, its download and the network are not in them",
    f"warm requests came one by one, {PAUSE_S * 1000:.0f} ms apart; prices are without free tier and savings "
    "plans, and a cold start is billed with its init phase",
)


def under_limits(doubt: str | None, seen: Mapping[int, Seen], wanted: Sequence[int]) -> tuple[str, ...]:
    """Of sizes that were measured under their limits; ``doubt`` says why the share cannot be trusted."""
    return (*([doubt] if doubt else []), *_measured(seen), *_above(seen, wanted), *_ALWAYS)


def without_limits(reason: PackagerError, processors: int) -> tuple[str, ...]:
    """Of a machine that lets us set none."""
    hint = f" ({reason.hint})" if reason.hint else ""
    return (
        f"limits cannot be set here, so it was measured without: {reason.message}{hint}",
        f"sizes below {FULL_CPU_MB} MB are extrapolated: the same CPU time, divided by their share; those "
        f"above this machine's {processors} processors are taken to be no faster than it; a size with less "
        "than the peak memory is out of memory",
        *_ALWAYS,
    )


def busy(machine: Machine) -> Iterator[str]:
    """Of a machine that had other work: small differences between sizes are then chance."""
    if machine.load > machine.cores:
        yield (
            f"this machine was busy (load {machine.load:g} on {machine.cores} cores), so equal sizes may "
            "differ by chance: measure again when it is idle"
        )


def advice(points: Sequence[MemoryPoint], latency_target_ms: float | None) -> Iterator[str]:
    """What was left out of the choice, and how near the target is where none meets it."""
    least_mb = choices.least_memory_mb(points)
    left_out = [point.memory_mb for point in points if point.memory_mb < least_mb]
    if left_out:
        yield (
            f"not recommended: {', '.join(map(str, left_out))} MB, less than the peak memory of "
            f"{least_mb / choices.MARGIN:.0f} MB and a quarter more"
        )
    best = choices.nearest(points)
    if best is None:
        yield "no size is recommended: none of them answered with enough memory"
    elif latency_target_ms is not None and (best.warm_p95_ms or 0.0) > latency_target_ms:
        yield (
            f"no size has a warm p95 within {latency_target_ms:g} ms; the nearest is {best.memory_mb} MB "
            f"with {best.warm_p95_ms:.3g} ms"
        )


def _measured(seen: Mapping[int, Seen]) -> Iterator[str]:
    yield (
        f"measured: under the share of one processor at {FULL_CPU_MB} MB, in periods of {PAUSE_S * 1000:.0f} "
        "ms and from exec on; Lambda's boost of the init phase is not emulated, so a real cold start may be "
        "shorter"
    )
    for size, one in sorted(seen.items()):
        if one.out_of_memory:
            yield f"{size} MB: the function was killed for its memory"
        elif one.failure:
            yield f"{size} MB: {one.failure}"


def _above(seen: Mapping[int, Seen], wanted: Sequence[int]) -> Iterator[str]:
    """The rule for sizes that this machine has not the processors for."""
    largest = seen[max(seen)]
    if max(wanted) <= largest.memory_mb:
        return
    if largest.ended:
        yield f"sizes above {largest.memory_mb} MB are not known: this machine has too few processors"
        return
    busy = parallelism(largest)
    why = (
        f"the function uses one thread, and that is no faster above {FULL_CPU_MB} MB"
        if busy == 1 and largest.threads <= 1
        else f"it kept {busy:.1f} processors busy by {largest.threads} threads, and may be faster with more"
    )
    yield f"extrapolated: sizes above {largest.memory_mb} MB are taken to be as fast as that: {why}"
