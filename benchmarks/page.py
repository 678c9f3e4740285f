"""docs/benchmarks.md: written by the run, never by hand."""

from collections.abc import Iterable, Sequence

from benchmarks.goals import Row
from packager.benchmark.bench import Runs
from packager.figures import distribution
from packager.measurement import Machine

_INTRODUCTION = """# Benchmarks

Written by `make bench`; [contracts.md](contracts.md) says under `bench.json` how each figure is measured.
Machine: {machine}. Versions: {versions}.
Real Lambda adds the sandbox and the download of the zip; no figure here holds them.

`naive` is FastAPI with a `def` endpoint, Mangum and onnxruntime as pip lays them down, byte-code present,
with the same model; `sklearn` the same with scikit-learn and the pickle; `hello` a handler that does nothing.
All were measured in turn. An interval is that of the median at 95 %: a goal is met where all of it is,
undecided where the goal lies inside; unstable says that the times never settled.

| figure | goal | measured | interval | |
|---|---|--:|--:|---|
"""
_MEASURED = """
## {title}

| | {names} |
|---|{rules}|
"""


def page(
    machine: Machine,
    versions: Sequence[str],
    rows: Iterable[Row],
    groups: Iterable[tuple[str, Sequence[Runs]]],
) -> str:
    """The whole page."""
    where = f"{machine.cpu}, {machine.cores} cores, {machine.arch}, {machine.kernel}, Python {machine.python}"
    text = _INTRODUCTION.format(machine=f"{where}, load {machine.load} before", versions=", ".join(versions))
    text += "".join(
        f"| {row.figure} | {row.goal} | {row.measured} | {row.interval} | {row.state} |\n" for row in rows
    )
    return text + "".join(_group(title, runs) for title, runs in groups)


def _group(title: str, runs: Sequence[Runs]) -> str:
    names = " | ".join(one.subject.name for one in runs)
    text = _MEASURED.format(title=title, names=names, rules="|".join(["--:"] * len(runs)))
    return text + "".join(f"| {label} | {' | '.join(cells)} |\n" for label, cells in _lines(runs))


def _lines(runs: Sequence[Runs]) -> Iterable[tuple[str, list[str]]]:
    cold = [distribution(one.times) for one in runs]
    warm = [one.warm.warm() for one in runs]
    yield "zip, bytes", [f"{one.subject.archive_bytes:,}" for one in runs]
    yield "unzipped, bytes", [f"{one.subject.unzipped_bytes:,}" for one in runs]
    yield "cold start, ms: median", [f"{found.p50:.1f}" for found in cold]
    yield "mean ± deviation", [f"{found.mean:.1f} ± {found.deviation:.1f}" for found in cold]
    yield "p95", [f"{found.p95:.1f}" for found in cold]
    yield "cold starts", [str(found.count) for found in cold]
    yield "warm call, µs: p50", [f"{found.latency_ms.p50 * 1000:.1f}" for found in warm]
    yield "p99", [f"{found.latency_ms.p99 * 1000:.1f}" for found in warm]
    yield "requests per second through the client", [f"{found.requests_per_s:,.0f}" for found in warm]
    yield "peak memory, MB", [f"{one.peak_memory_bytes / 1e6:.0f}" for one in runs]
    yield "threads", [str(one.threads) for one in runs]
