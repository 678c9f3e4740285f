"""The section on the warm function: how its answering times are distributed."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from packager.html_report.drawing import CARD, COLOURS, plot, values
from packager.html_report.measured import Measured, measured, missing, unsettled
from packager.html_report.section import Cell, Chart, Section, Spec, Table, Width, figure, whole
from packager.html_report.shapes import NamedLine, named_lines
from packager.html_report.subject import Subject
from packager.html_report.units import amount, milliseconds
from packager.measurement import Distribution, Warm

HEIGHT = 240
WIDE = 3
"""So many times as wide as the one before, the last bin is not drawn."""
HEADROOM = 1.35
"""Above the highest bar, for the names of the percentiles."""
PERCENTILES = ("p50", "p95", "p99")
FIGURES = {
    "p50": "median",
    "p90": "p90",
    "p95": "p95",
    "p99": "p99",
    "mean": "mean",
    "deviation": "deviation",
    "minimum": "quickest",
    "maximum": "slowest",
}


def section(subjects: Sequence[Subject]) -> Section:
    """A histogram of each function's answers, and the figures of all."""
    every = measured(subjects, others=True)
    charts = tuple(_chart(place, one) for place, one in enumerate(every) if _bins(one.benchmark.warm))
    tables = (_table(every), _histograms(every)) if charts else (_table(every),) if every else ()
    return Section(
        id="latency",
        title="Latency when warm",
        lead="One request after the other to a process that has answered before. It is the time of the "
        "handler's call, from the event to its answer.",
        charts=charts,
        tables=tables,
        missing=missing(subjects),
        warnings=unsettled(every, "warm latency", lambda benchmark: benchmark.warm.stable),
    )


def _chart(place: int, one: Measured) -> Chart:
    latency = one.benchmark.warm.latency_ms
    mark = "" if one.benchmark.warm.stable else " (unstable)"
    return Chart(
        id=f"latency-{place}",
        title=f"{one.label}: an answer in {milliseconds(latency.p50)}{mark}",
        description=f"How many of {latency.count:,} requests took how long. Half are answered within "
        f"{milliseconds(latency.p50)}, 95 of 100 within {milliseconds(latency.p95)}, 99 of 100 within "
        f"{milliseconds(latency.p99)}.{_beyond(one.benchmark.warm)}",
        spec=partial(_spec, one.benchmark.warm),
    )


def _bins(warm: Warm) -> list[tuple[float, float, int]]:
    """From, to and count of each bin; the first begins at the quickest answer."""
    edges = [warm.latency_ms.minimum, *(edge for edge, _ in warm.histogram)]
    return [
        (low, high, count)
        for (low, high), (_, count) in zip(pairwise(edges), warm.histogram, strict=True)
        if high > low
    ]


def _drawn(warm: Warm) -> list[tuple[float, float, int]]:
    """All bins but a last one of the few slowest that is far wider: the others would be too thin to see."""
    *bins, last = _bins(warm)
    return bins if bins and last[1] - last[0] > WIDE * (bins[-1][1] - bins[-1][0]) else [*bins, last]


def _beyond(warm: Warm) -> str:
    """What is not drawn, in words."""
    _, high, count = _bins(warm)[-1]
    if len(_drawn(warm)) == len(_bins(warm)):
        return ""
    return f" Not drawn: the {count:,} slowest, up to {milliseconds(high)}."


def _spec(warm: Warm, width: Width) -> Spec:
    bins = _drawn(warm)
    low, high = bins[0][0], max(bins[-1][1], warm.latency_ms.p99)
    x: Spec = {
        "field": "from",
        "type": "quantitative",
        "title": "ms",
        "scale": {"domain": [low, high], "nice": False},
        "axis": {"grid": False, "tickCount": 4 if width == "narrow" else 8},
    }
    y: Spec = {
        "field": "count",
        "type": "quantitative",
        "title": "requests",
        "axis": {"tickCount": 4},
        "scale": {"domainMax": max(count for _, _, count in bins) * HEADROOM, "nice": False},
    }
    said = [f"{milliseconds(left)} to {milliseconds(right)}: {count:,}" for left, right, count in bins]
    bars: Spec = {
        "data": values(
            [
                {"from": a, "to": b, "count": n, "zero": 0, "said": text}
                for (a, b, n), text in zip(bins, said, strict=True)
            ]
        ),
        "mark": {
            "type": "rect",
            "color": COLOURS[0],
            "opacity": 1.0 if warm.stable else 0.45,
            "stroke": CARD,
        },
        "encoding": {
            "x": x,
            "x2": {"field": "to"},
            "y": y,
            "y2": {"field": "zero"},
            "description": {"field": "said"},
        },
    }
    return plot(
        width, (bars, *named_lines(_percentiles(warm.latency_ms, low, high), x, HEIGHT)), height=HEIGHT
    )


def _percentiles(latency: Distribution, low: float, high: float) -> list[NamedLine]:
    found = [(name, getattr(latency, name)) for name in PERCENTILES]
    return [
        NamedLine(at, f"{name} {milliseconds(at)}", right=at < low + 0.6 * (high - low))
        for name, at in found
        if low <= at <= high
    ]


def _table(every: Sequence[Measured]) -> Table:
    warms = [one.benchmark.warm for one in every]
    benchmarks = [one.benchmark for one in every]
    rows = tuple(
        (Cell(said), *(figure(getattr(warm.latency_ms, name), milliseconds) for warm in warms))
        for name, said in FIGURES.items()
    )
    engine = tuple(warm.engine_run_ms.p50 if warm.engine_run_ms else None for warm in warms)
    trips = tuple(warm.round_trip_ms.p50 if warm.round_trip_ms else None for warm in warms)
    return Table(
        "Latency of a warm request",
        ("", *(one.label for one in every)),
        (
            *rows,
            (Cell("the engine alone, median"), *(figure(found, milliseconds) for found in engine)),
            (Cell("round trip, median"), *(figure(found, milliseconds) for found in trips)),
            (Cell("requests in a second"), *(figure(warm.requests_per_s, whole) for warm in warms)),
            (Cell("requests measured"), *(figure(warm.latency_ms.count, whole) for warm in warms)),
            (Cell("peak memory"), *(figure(one.peak_memory_bytes or None, amount) for one in benchmarks)),
            (Cell("most threads"), *(figure(one.threads or None, whole) for one in benchmarks)),
            (Cell("stable"), *(Cell("yes" if warm.stable else "no: no verdict") for warm in warms)),
        ),
    )


def _histograms(every: Sequence[Measured]) -> Table:
    """The bars as figures."""
    rows = tuple(
        (Cell(one.label), figure(low, milliseconds), figure(high, milliseconds), figure(count, whole))
        for one in every
        for low, high, count in _bins(one.benchmark.warm)
        if count
    )
    return Table("How many requests took how long", ("", "from", "to", "requests"), rows)
