"""The section on optimization: what was tried, what it lost and gained, and what was taken."""

from collections.abc import Sequence
from functools import partial

from packager.html_report.drawing import INK, colours, plot, values
from packager.html_report.section import Cell, Chart, Missing, Section, Spec, Table, Width, command
from packager.html_report.subject import Subject
from packager.html_report.units import size
from packager.optimization import table
from packager.optimization.words import OUTCOMES
from packager.optimized import Candidate, Optimization, Outcome

HEIGHT = 300
SHAPES: dict[Outcome, str] = {
    "base": "square",
    "within": "circle",
    "no_gain": "triangle-up",
    "over_budget": "cross",
}
"""The mark of each outcome that has figures."""
NEAR = (0.4, 0.08)
"""Shares of the plot's width and height within which two labels would meet."""
SIDES = ("left", "right")
"""Of labels: those in the right half end at their mark, so that none leaves the plot."""


def section(subjects: Sequence[Subject]) -> Section:
    """Every subject's candidates as a chart and a table, and the choice in a sentence."""
    known = [(subject, subject.optimization) for subject in subjects if subject.optimization]
    several = len(subjects) > 1
    return Section(
        id="optimization",
        title="Optimization",
        lead="What was tried to make the model smaller or faster, scored and timed in the form in which it "
        "would ship. Latencies were taken in turn with those of the model as converted.",
        charts=tuple(
            _chart(place, subject.label, found)
            for place, (subject, found) in enumerate(known)
            if len(_drawn(found)) > 1
        ),
        tables=tuple(_table(subject.label, found) for subject, found in known),
        missing=tuple(
            Missing(
                f"whether {subject.label} can be smaller or faster at the same accuracy",
                command("packager", "optimize", "MODEL", "--name", subject.label, "--samples", "FILE"),
            )
            for subject in subjects
            if not subject.optimization
        ),
        notes=tuple(
            f"{subject.label}: {line}" if several else _sentence_case(line)
            for subject, found in known
            for line in (*table.untried(found), *table.remarks(found))
        ),
    )


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _drawn(found: Optimization) -> list[Candidate]:
    """Those whose size and time are both known; the base is one time as slow as itself."""
    base = found.candidates[0]
    return [one for one in found.candidates if one.sizes and (one.latency or one is base)]


def _chart(place: int, label: str, found: Optimization) -> Chart:
    return Chart(
        id=f"optimization-{place}",
        title=f"{label}: {found.sentence}",
        description="Each mark is a candidate: further left ships in fewer bytes, further down answers "
        "sooner. The ring is the one that was taken. Numbers are the rows of the table, with what was lost "
        f"of {found.metric}; they stand at those that no other beats in size, time and accuracy at once.",
        spec=partial(_spec, found),
    )


def _points(found: Optimization) -> list[dict[str, object]]:
    numbers = {one.id: number for number, one in enumerate(found.candidates)}
    return [
        {
            "id": one.id,
            "bytes": one.sizes.shipped_bytes,
            "ratio": one.latency.ratio if one.latency else 1.0,
            "outcome": OUTCOMES[one.outcome],
            "label": f"{numbers[one.id]}: {_lost(one, found)}",
            "said": f"{one.title}: {size(one.sizes.shipped_bytes)}, {table.interval(one.latency)} × the "
            f"time, drop {table.drop(one, found)} {table.unit(found)}",
        }
        for one in _drawn(found)
        if one.sizes
    ]


def _lost(one: Candidate, found: Optimization) -> str:
    return "as converted" if one is found.candidates[0] else table.short_drop(one, found)


def _spec(found: Optimization, width: Width) -> Spec:
    points = _points(found)
    sizes, ratios = [_number(one["bytes"]) for one in points], [_number(one["ratio"]) for one in points]
    unit, factor = ("MB", 1e6) if max(sizes) >= 1e6 else ("kB", 1e3)
    points = [{**one, "size": _number(one["bytes"]) / factor} for one in points]
    left, right = _domain([one / factor for one in sizes], 0.06, 0.06)
    bottom, top = _domain(ratios, 0.1, 0.14)
    x: Spec = {
        "field": "size",
        "type": "quantitative",
        "title": f"shipped with its engine, compressed, {unit}",
        "scale": {"domain": [left, right], "nice": False, "zero": False},
        "axis": {"tickCount": 4 if width == "narrow" else 8},
    }
    y: Spec = {
        "field": "ratio",
        "type": "quantitative",
        "title": "latency, × the model as converted",
        "scale": {"domain": [bottom, top], "nice": False, "zero": False},
        "axis": {"tickCount": 6},
    }
    present = [OUTCOMES[one] for one in SHAPES if any(row["outcome"] == OUTCOMES[one] for row in points)]
    shapes = {OUTCOMES[one]: shape for one, shape in SHAPES.items()}
    domain = {"domain": present, "range": [shapes[word] for word in present]}
    colour = {
        "field": "outcome",
        **colours(present, columns=1 if width == "narrow" else 4, columnPadding=28, symbolType="circle"),
    }
    marks: Spec = {
        "data": values(points),
        "mark": {"type": "point", "size": 90, "strokeWidth": 2, "filled": True},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour,
            "shape": {"field": "outcome", "type": "nominal", "scale": domain, "legend": None},
            "description": {"field": "said"},
        },
    }
    ring: Spec = {
        "data": values([one for one in points if one["id"] == found.chosen]),
        "mark": {"type": "point", "size": 320, "strokeWidth": 2, "filled": False, "aria": False},
        "encoding": {"x": x, "y": y, "color": {"value": INK}},
    }
    labels = _labelled(points, found, (right - left, top - bottom))
    texts = [_texts(labels, (left + right) / 2, side, x, y) for side in SIDES]
    return plot(width, (marks, ring, *texts), height=HEIGHT)


def _texts(labels: Sequence[dict[str, object]], middle: float, side: str, x: Spec, y: Spec) -> Spec:
    mine = [one for one in labels if (_number(one["size"]) < middle) == (side == "left")]
    return {
        "data": values(mine),
        "mark": {"type": "text", "align": side, "dx": 9 if side == "left" else -9, "dy": -10, "aria": False},
        "encoding": {"x": x, "y": y, "text": {"field": "label"}},
    }


def _labelled(
    points: Sequence[dict[str, object]], found: Optimization, extent: tuple[float, float]
) -> list[dict[str, object]]:
    """The chosen one, the base and the front, as far as their labels do not meet."""
    wanted = [found.chosen, found.candidates[0].id, *found.front]
    shown: list[dict[str, object]] = []
    for one in sorted(
        (one for one in points if one["id"] in wanted), key=lambda one: wanted.index(str(one["id"]))
    ):
        if not any(_near(one, other, extent) for other in shown):
            shown.append(one)
    return shown


def _near(one: dict[str, object], other: dict[str, object], extent: tuple[float, float]) -> bool:
    across = abs(_number(one["size"]) - _number(other["size"])) / extent[0]
    down = abs(_number(one["ratio"]) - _number(other["ratio"])) / extent[1]
    return down < NEAR[1] and across < NEAR[0]


def _domain(amounts: Sequence[float], before: float, after: float) -> tuple[float, float]:
    low, high = min(amounts), max(amounts)
    span = (high - low) or 0.1 * high
    return max(0.0, low - before * span), high + after * span


def _number(value: object) -> float:
    return float(str(value))


def _table(label: str, found: Optimization) -> Table:
    return Table(
        f"{label}: candidates ({table.CHOSEN} taken, {table.ON_FRONT} beaten by no other)",
        ("candidate", *table.columns(found)[2:]),
        tuple(
            _cells(number, one, found)
            for number, one in enumerate(found.candidates)
            if one in table.tried(found)
        ),
    )


def _cells(number: int, one: Candidate, found: Optimization) -> tuple[Cell, ...]:
    mark, title, *texts = table.row(one, found)
    base = found.candidates[0].sizes
    exact = (
        one.sizes.model_bytes if one.sizes else None,
        one.sizes.model_bytes / base.model_bytes if one.sizes and base else None,
        one.sizes.shipped_bytes if one.sizes else None,
        one.latency_ms,
        one.latency.ratio if one.latency else None,
        one.score.value if one.score else None,
        one.drop.value if one.drop else None,
        None,
    )
    figures = (Cell(text, value) for text, value in zip(texts, exact, strict=True))
    return (Cell(" ".join(filter(None, (str(number), mark, title)))), *figures)
