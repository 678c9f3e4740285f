"""The section on the memory size: what each size of Lambda gives and costs."""

import math
from collections.abc import Sequence
from functools import partial

from packager.html_report.drawing import CARD, colours, plot, values
from packager.html_report.section import Cell, Chart, Missing, Section, Spec, Table, Width, command, figure
from packager.html_report.shapes import NamedLine, named_lines
from packager.html_report.subject import Subject
from packager.html_report.units import amount, dollars, megabytes, milliseconds
from packager.measurement import MemoryPoint, Tuning

LATENCIES = {"cold_ms": "cold start", "warm_p95_ms": "warm p95", "warm_p50_ms": "warm median"}
COSTS = {"usd_per_million_cold": "every start cold", "usd_per_million": "warm"}
ORIGINS = {"measured": "measured", "unlimited": "without limits", "extrapolated": "extrapolated"}
HEIGHT = 280
TICKS: dict[Width, tuple[int, ...]] = {
    "wide": (128, 256, 512, 1024, 1769, 3008, 5308, 10240),
    "narrow": (128, 512, 1769, 10240),
}


def section(subjects: Sequence[Subject]) -> Section:
    """Latency and cost over the memory size, for every subject that was tuned."""
    known = [(subject, subject.tune) for subject in subjects if subject.tune]
    return Section(
        id="memory",
        title="Memory size and cost",
        lead="Lambda gives processor time in proportion to the memory, and bills the memory for the time "
        "that it is used.",
        charts=tuple(
            chart
            for place, (subject, tune) in enumerate(known)
            for chart in _charts(place, subject.label, tune)
        ),
        tables=tuple(table for subject, tune in known for table in _tables(subject.label, tune)),
        missing=tuple(
            Missing(
                f"what each memory size gives and costs for {subject.label}",
                command("packager", "tune", subject.path, "--save", subject.path.parent / "tune.json"),
            )
            for subject in subjects
            if subject.is_function and not subject.tune
        ),
        notes=tuple(
            dict.fromkeys(note for _, tune in known for note in (f"Prices: {tune.prices}.", *tune.notes))
        ),
    )


def _charts(place: int, label: str, tune: Tuning) -> tuple[Chart, ...]:
    chosen = "; ".join(f"{choice.kind}: {megabytes(choice.memory_mb)}" for choice in tune.choices)
    ends = f" Recommended: {chosen}." if chosen else ""
    latency = Chart(
        id=f"memory-{place}-latency",
        title=f"{label}: latency by memory size",
        description=f"The cold start and the warm answer at each memory size.{ends}{_marks(tune)}",
        spec=partial(_spec, tune, tuple(LATENCIES), "ms"),
    )
    cost = Chart(
        id=f"memory-{place}-cost",
        title=f"{label}: price of a million requests by memory size",
        description=f"When all find a warm function, and when each one starts cold.{ends}{_marks(tune)}",
        spec=partial(_spec, tune, tuple(COSTS), "US dollars"),
    )
    return tuple(
        chart
        for chart, series in ((latency, LATENCIES), (cost, COSTS))
        if any(getattr(point, name) is not None for point in tune.points for name in series)
    )


def _lost(tune: Tuning) -> list[MemoryPoint]:
    """The sizes that are too small to answer."""
    return [point for point in tune.points if point.out_of_memory or point.warm_p50_ms is None]


def _marks(tune: Tuning) -> str:
    """What the crosses are, where there are any."""
    lost = [f"{megabytes(point.memory_mb)} ({_origin(point)})" for point in _lost(tune)]
    return f" A cross: no answer at {', '.join(lost)}." if lost else ""


def _rows(points: Sequence[MemoryPoint], names: Sequence[str]) -> list[dict[str, object]]:
    words = {**LATENCIES, **COSTS}
    found: list[dict[str, object]] = []
    for point in points:
        for name in names:
            amount = getattr(point, name)
            if amount is None:
                continue
            text = dollars(amount) if name in COSTS else milliseconds(amount)
            said = f"{megabytes(point.memory_mb)}, {words[name]}: {text}, {ORIGINS[point.origin]}"
            found.append(
                {
                    "memory": point.memory_mb,
                    "series": words[name],
                    "amount": amount,
                    "origin": ORIGINS[point.origin],
                    "said": said,
                }
            )
    return found


def _spec(tune: Tuning, names: tuple[str, ...], unit: str, width: Width) -> Spec:
    rows = _rows(tune.points, names)
    sizes = [point.memory_mb for point in tune.points]
    ticks = [tick for tick in TICKS[width] if min(sizes) <= tick <= max(sizes)] or sizes
    x: Spec = {
        "field": "memory",
        "type": "quantitative",
        "title": "memory, MB",
        "scale": {"type": "log", "base": 2, "domain": [min(sizes) * 0.9, max(sizes) * 1.1], "nice": False},
        "axis": {"values": ticks, "format": "d", "grid": False, "labelOverlap": True},
    }
    y: Spec = {"field": "amount", "type": "quantitative", "title": unit, **_scale(rows)}
    series = [{**LATENCIES, **COSTS}[name] for name in names]
    colour = {
        "field": "series",
        **colours(series, symbolType="stroke", symbolStrokeWidth=3, columns=2 if width == "narrow" else 3),
    }
    lines: Spec = {
        "data": values(rows),
        "mark": {"type": "line", "strokeWidth": 2, "aria": False},
        "encoding": {"x": x, "y": y, "color": colour},
    }
    lines_at = named_lines(_choices(tune), x, HEIGHT)
    layers = (*lines_at, lines, _points(rows, x, y, colour), *_crosses(tune, x))
    return plot(width, layers, height=HEIGHT)


def _points(rows: Sequence[dict[str, object]], x: Spec, y: Spec, colour: Spec) -> Spec:
    """Full where it was measured, hollow where it was reckoned from its neighbours."""
    present = [word for word in ORIGINS.values() if any(row["origin"] == word for row in rows)]
    shapes = {"measured": "circle", "without limits": "square", "extrapolated": "circle"}
    hollow = {"test": "datum.origin === 'extrapolated'", "value": CARD}
    return {
        "data": values(rows),
        "mark": {"type": "point", "size": 64, "strokeWidth": 2, "filled": False},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour,
            "fill": {"condition": hollow, "field": "series", **{**colour, "legend": None}},
            "shape": {
                "field": "origin",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": present, "range": [shapes[word] for word in present]},
            },
            "description": {"field": "said"},
        },
    }


def _scale(rows: Sequence[dict[str, object]]) -> Spec:
    """Logarithmic where the figures are far apart, else from nought; above them is room for names."""
    amounts = [float(str(row["amount"])) for row in rows]
    low, high = min(amounts), max(amounts)
    if low <= 0 or high / low <= 20:
        scale = {"domain": [0, high * 1.35], "nice": False}
        return {"scale": scale, "axis": {"tickCount": 5, "format": "~g"}}
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= 3 else (1,)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    bottom = max(tick for tick in ticks if tick <= low)
    top = high * (high / bottom) ** 0.3
    shown = [tick for tick in ticks if bottom <= tick <= top]
    scale = {"type": "log", "domain": [bottom, top], "nice": False}
    return {"scale": scale, "axis": {"values": shown, "format": "~g"}}


def _choices(tune: Tuning) -> list[NamedLine]:
    """A line at each recommended size; sizes that are recommended twice share one."""
    kinds: dict[int, list[str]] = {}
    for choice in tune.choices:
        kinds.setdefault(choice.memory_mb, []).append(choice.kind)
    sizes = [point.memory_mb for point in tune.points]
    middle = math.sqrt(min(sizes) * max(sizes))
    return [NamedLine(memory, ", ".join(names), memory < middle) for memory, names in sorted(kinds.items())]


def _crosses(tune: Tuning, x: Spec) -> list[Spec]:
    """A cross at the foot of each size that is too small."""
    lost: list[dict[str, object]] = [
        {"memory": point.memory_mb, "mark": "×", "said": f"{megabytes(point.memory_mb)}: {_origin(point)}"}
        for point in _lost(tune)
    ]
    cross: Spec = {
        "data": values(lost),
        "mark": {"type": "text", "fontSize": 24, "fontWeight": "bold", "baseline": "middle"},
        "encoding": {
            "x": x,
            "y": {"value": HEIGHT - 10},
            "text": {"field": "mark"},
            "description": {"field": "said"},
        },
    }
    return [cross] if lost else []


def _origin(point: MemoryPoint) -> str:
    if point.out_of_memory:
        return "out of memory"
    return ORIGINS[point.origin] if point.warm_p50_ms is not None else "no answer in time"


def _tables(label: str, tune: Tuning) -> tuple[Table, ...]:
    points = Table(
        f"{label}: memory sizes",
        (
            "memory",
            "origin",
            "cold start",
            "warm median",
            "warm p95",
            "peak memory",
            "million warm",
            "million cold",
        ),
        tuple(
            (
                figure(point.memory_mb, lambda value: megabytes(int(value))),
                Cell(_origin(point)),
                figure(point.cold_ms, milliseconds),
                figure(point.warm_p50_ms, milliseconds),
                figure(point.warm_p95_ms, milliseconds),
                figure(point.peak_memory_bytes, amount),
                figure(point.usd_per_million, dollars),
                figure(point.usd_per_million_cold, dollars),
            )
            for point in tune.points
        ),
    )
    choices = Table(
        f"{label}: recommended",
        ("", "memory", "why"),
        tuple(
            (
                Cell(choice.kind),
                figure(choice.memory_mb, lambda value: megabytes(int(value))),
                Cell(choice.why),
            )
            for choice in tune.choices
        ),
    )
    return tuple(table for table in (choices, points) if table.rows)
