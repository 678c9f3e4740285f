"""A bench as text for a terminal: figures side by side, then the ratios with their verdicts."""

from collections.abc import Iterable, Sequence

from packager.measurement import Bench, Benchmark, Ratio

NO_VERDICT = "unstable: those times never settled, so no verdict; try a quiet machine or more --rounds"
_FIGURES = {
    "archive_bytes": "zip",
    "unzipped_bytes": "unzipped",
    "cold_ms": "cold start",
    "warm_latency_ms": "warm latency",
    "peak_memory_bytes": "peak memory",
}
_PARTS = {
    "interpreter": "interpreter",
    "imports": "imports",
    "engine": "engine",
    "model_load": "model load",
    "first_answer": "first answer",
}


def lines(bench: Bench) -> Iterable[str]:
    """The whole bench, line by line."""
    names = [one.name for one in bench.measured]
    rows = [("", names), *_rows(bench.measured)]
    width = max(20, *(len(value) + 2 for _, values in rows for value in values))
    for title, values in rows:
        yield _row(title, values, width)
    yield from _verdicts(bench)
    machine = bench.machine
    yield (
        f"measured on {machine.cpu}, {machine.cores} cores, {machine.kernel}, Python {machine.python}, "
        f"load {machine.load} before; {bench.rounds} cold starts each"
    )
    for note in bench.notes:
        yield f"note: {note}"


def _rows(measured: Sequence[Benchmark]) -> Iterable[tuple[str, list[str]]]:
    yield "engine", [one.engine or "-" for one in measured]
    yield "zip", [_bytes(one.archive_bytes) for one in measured]
    yield "unzipped", [_bytes(one.unzipped_bytes) for one in measured]
    yield "cold start, median", [_settled(one.cold.total_ms.p50, one.cold.stable) for one in measured]
    yield "  p95", [_ms(one.cold.total_ms.p95) for one in measured]
    for part, title in _PARTS.items():
        if any(part in one.cold.parts_ms for one in measured):
            times = [one.cold.parts_ms.get(part) for one in measured]  # type: ignore[call-overload]
            yield f"  {title}", ["-" if time is None else _ms(time) for time in times]
    yield "warm latency, mean", [_settled(one.warm.latency_ms.mean, one.warm.stable) for one in measured]
    yield "  deviation", [_ms(one.warm.latency_ms.deviation) for one in measured]
    for name in ("p50", "p90", "p95", "p99"):
        yield f"  {name}", [_ms(getattr(one.warm.latency_ms, name)) for one in measured]
    runs = [one.warm.engine_run_ms for one in measured]
    if any(runs):
        yield "  engine's own run, p50", ["-" if run is None else _ms(run.p50) for run in runs]
    yield "requests per second", [f"{one.warm.requests_per_s:,.0f}" for one in measured]
    yield "peak memory", [_bytes(one.peak_memory_bytes) if one.peak_memory_bytes else "-" for one in measured]
    yield "threads", [str(one.threads) if one.threads else "-" for one in measured]


def _verdicts(bench: Bench) -> Iterable[str]:
    """Ratios of the first over each of the others; those of one alone stand first."""
    first, *others = bench.measured
    compared = [ratio for ratio in bench.ratios if ratio.figure in _FIGURES]
    for ratio in bench.ratios:
        if ratio.figure == "latency_to_engine_run":
            yield f"{first.name}: a warm call takes {_interval(ratio)} x its engine's own run"
    each = len(compared) // len(others) if others else 0
    for number, other in enumerate(others):
        for ratio in compared[number * each : (number + 1) * each]:
            yield f"{first.name} / {other.name}, {_FIGURES[ratio.figure]}: {_interval(ratio)} {ratio.verdict}"
    stable = all(one.cold.stable and one.warm.stable for one in bench.measured)
    if not stable:
        yield NO_VERDICT


def _interval(ratio: Ratio) -> str:
    if ratio.low == ratio.high:
        return f"{ratio.ratio:.4g}"
    return f"{ratio.ratio:.4g} ({ratio.low:.4g} to {ratio.high:.4g})"


def _row(title: str, values: Sequence[str], width: int) -> str:
    return f"{title:<24}" + "".join(f"{value:>{width}}" for value in values)


def _settled(time_ms: float, stable: bool) -> str:
    return _ms(time_ms) if stable else f"unstable {_ms(time_ms)}"


def _ms(time_ms: float) -> str:
    if time_ms >= 100:
        return f"{time_ms:.0f} ms"
    return f"{time_ms:.1f} ms" if time_ms >= 1 else f"{time_ms * 1000:.1f} µs"


def _bytes(size_bytes: int) -> str:
    from packager.report import size

    return size(size_bytes)
