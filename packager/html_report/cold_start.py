"""The section on the cold start: its parts one after the other, and against whatever it was measured with."""

from collections.abc import Sequence
from functools import partial

from packager.html_report.drawing import COLOURS, INK, colours, plot, values
from packager.html_report.measured import Measured, measured, missing, remarks, unsettled
from packager.html_report.section import Cell, Chart, Section, Spec, Table, Width, figure
from packager.html_report.shapes import Rows, named_rows, texts_behind
from packager.html_report.subject import Subject
from packager.html_report.units import milliseconds
from packager.measurement import COLD_PARTS, ColdStart, Distribution

PARTS = {
    "interpreter": "interpreter",
    "imports": "imports",
    "engine": "engine",
    "model_load": "model load",
    "first_answer": "first answer",
}
"""How each part is written."""
UNSTABLE_OPACITY = 0.45
"""Of bars from which nothing may be concluded."""
TOTAL, TOTAL_COLOUR = "all", "var(--total)"


def section(subjects: Sequence[Subject]) -> Section:
    """The waterfall of every subject, one comparison of all that was measured, and the figures."""
    own = measured(subjects, others=False)
    every = measured(subjects, others=True)
    charts = [_waterfall(place, one) for place, one in enumerate(own)]
    return Section(
        id="cold-start",
        title="Cold start",
        lead="From the start of a fresh process to the first answer, through Lambda's own runtime client, "
        "without the wait for a processor. What AWS does before that (finding a machine, fetching the "
        "archive) is not in it.",
        charts=(*charts, _comparison(every, together=len(own) == 1)) if len(every) > 1 else tuple(charts),
        tables=(_table(every),) if every else (),
        missing=missing(subjects),
        warnings=unsettled(every, "cold start", lambda benchmark: benchmark.cold.stable),
        notes=remarks(subjects),
    )


def _waterfall(place: int, one: Measured) -> Chart:
    cold = one.benchmark.cold
    longest = max(cold.parts_ms, key=lambda part: cold.parts_ms[part])
    mark = "" if cold.stable else " (unstable)"
    return Chart(
        id=f"cold-{place}",
        title=f"{one.label}: first answer after {milliseconds(cold.total_ms.p50)}{mark}",
        description=f"Each part begins where the one before it ends. The longest is {PARTS[longest]} with "
        f"{milliseconds(cold.parts_ms[longest])}. The line in the last row goes from the quickest to the "
        "95th of 100 starts.",
        spec=partial(_waterfall_spec, cold),
    )


def _steps(cold: ColdStart) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    at = 0.0
    for part in (part for part in COLD_PARTS if part in cold.parts_ms):
        took = cold.parts_ms[part]
        rows.append({"part": PARTS[part], "from": at, "to": at + took, "text": milliseconds(took)})
        at += took
    return rows


def _waterfall_spec(cold: ColdStart, width: Width) -> Spec:
    total = cold.total_ms
    steps = [{**step, "row": step["part"], "at": step["to"]} for step in _steps(cold)]
    whole = {"row": TOTAL, "part": TOTAL, "from": 0.0, "to": total.p50}
    names = [*PARTS.values(), TOTAL]
    present = [name for name in names if any(bar["row"] == name for bar in (*steps, whole))]
    palette = {"domain": names, "range": [*COLOURS[: len(PARTS)], TOTAL_COLOUR]}
    colour: Spec = {"type": "nominal", "scale": palette, "legend": None}
    y = named_rows("row", present, 120)
    opacity = 1.0 if cold.stable else UNSTABLE_OPACITY
    bars = [
        {**bar, "said": f"{bar['part']}: {milliseconds(_length(bar))}", "opacity": opacity}
        for bar in (*steps, whole)
    ]
    return _plot(width, bars, steps, {TOTAL: total}, y, colour)


def _length(bar: dict[str, object]) -> float:
    return float(str(bar["to"])) - float(str(bar["from"]))


def _comparison(every: Sequence[Measured], together: bool) -> Chart:
    """``together``: they were measured in turn, so that they may be compared."""
    said = "One bar for each, divided by part; the line goes from the quickest to the 95th of 100 starts."
    if not together:
        said += " They were not measured in turn: `packager bench ONE --against OTHER` compares them."
    return Chart(
        id="cold-comparison",
        title="Side by side",
        description=said,
        spec=partial(_comparison_spec, tuple(every)),
    )


def _comparison_spec(every: tuple[Measured, ...], width: Width) -> Spec:
    bars: list[dict[str, object]] = [
        {
            **step,
            "row": one.label,
            "said": f"{one.label}, {step['part']}: {step['text']}",
            "opacity": 1.0 if one.benchmark.cold.stable else UNSTABLE_OPACITY,
        }
        for one in every
        for step in _steps(one.benchmark.cold)
    ]
    labels = [one.label for one in every]
    colour = colours(tuple(PARTS.values()), columns=2 if width == "narrow" else 5)
    totals = {one.label: one.benchmark.cold.total_ms for one in every}
    return _plot(width, bars, [], totals, named_rows("row", labels, 90 if width == "narrow" else 220), colour)


def _plot(
    width: Width, bars: Rows, texts: Rows, totals: dict[str, Distribution], y: Spec, colour: Spec
) -> Spec:
    """Bars in rows, and over each row with a total its spread and its median."""
    longest = max(max(total.p50, total.p95) for total in totals.values())
    x: Spec = {
        "field": "from",
        "type": "quantitative",
        "title": "ms",
        "stack": None,
        "scale": {"domainMin": 0, "domainMax": longest * (1.4 if width == "narrow" else 1.14), "nice": False},
        "axis": {"tickCount": 4 if width == "narrow" else 8},
    }
    bar: Spec = {
        "data": values(bars),
        "mark": "bar",
        "encoding": {
            "y": y,
            "x": x,
            "x2": {"field": "to"},
            "color": {"field": "part", **colour},
            "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
            "description": {"field": "said"},
        },
    }
    spread: Spec = {
        "data": values(
            [{"row": row, "from": total.minimum, "to": total.p95} for row, total in totals.items()]
        ),
        "mark": {"type": "rule", "strokeWidth": 2, "color": INK, "aria": False},
        "encoding": {"y": y, "x": x, "x2": {"field": "to"}},
    }
    ends = [
        {"row": row, "at": max(total.p50, total.p95), "text": milliseconds(total.p50)}
        for row, total in totals.items()
    ]
    return plot(width, (bar, spread, texts_behind([*texts, *ends], y, x)), height={"step": 32})


def _table(every: Sequence[Measured]) -> Table:
    colds = [one.benchmark.cold for one in every]
    parts = tuple(
        (Cell(PARTS[part]), *(figure(cold.parts_ms.get(part), milliseconds) for cold in colds))
        for part in COLD_PARTS
    )
    totals = tuple(
        (Cell(said), *(figure(getattr(cold.total_ms, name), milliseconds) for cold in colds))
        for name, said in TOTALS.items()
    )
    return Table(
        "Cold start: medians of the parts, and the whole",
        ("", *(one.label for one in every)),
        (
            *parts,
            *totals,
            (
                Cell("with the wait for a processor, median"),
                *(figure(cold.wall_ms.p50, milliseconds) for cold in colds),
            ),
            (Cell("starts"), *(figure(cold.total_ms.count, str) for cold in colds)),
            (Cell("stable"), *(Cell("yes" if cold.stable else "no: no verdict") for cold in colds)),
        ),
    )


TOTALS = {
    "p50": "all, median",
    "minimum": "quickest",
    "p95": "p95",
    "maximum": "slowest",
    "deviation": "deviation",
}
