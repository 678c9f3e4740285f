"""The parts that several charts have: rows with names, texts behind bars, lines with a name above."""

from collections.abc import Sequence
from dataclasses import dataclass

from packager.html_report.drawing import INK, values
from packager.html_report.section import Spec

Rows = Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line across the plot; its name stands right of it, or left where that would leave the plot."""

    at: float
    name: str
    right: bool


def named_rows(field: str, order: Sequence[str], label_limit: int) -> Spec:
    """One row for each name, in this order; longer names are cut off at so many pixels."""
    axis = {"labelLimit": label_limit, "ticks": False, "domain": False}
    return {"field": field, "type": "nominal", "sort": list(order), "title": None, "axis": axis}


def texts_behind(rows: Rows, y: Spec, x: Spec) -> Spec:
    """The ``text`` of each row, right of its ``at``."""
    return {
        "data": values(rows),
        "mark": {"type": "text", "align": "left", "dx": 6, "aria": False},
        "encoding": {"y": y, "x": {**x, "field": "at", "stack": None}, "text": {"field": "text"}},
    }


def named_lines(lines: Sequence[NamedLine], x: Spec, height: int) -> list[Spec]:
    """Dashed lines whose names stand each in a row of its own, so that close ones do not meet."""
    layers: list[Spec] = []
    for row, line in enumerate(lines):
        data = values([{"at": line.at, "name": line.name}])
        place = {"x": {**x, "field": "at"}, "y": {"value": 18 * row}}
        dashed: Spec = {"type": "rule", "strokeDash": [4, 3], "color": INK, "aria": False}
        layers.append({"data": data, "mark": dashed, "encoding": {**place, "y2": {"value": height}}})
        text: Spec = {
            "type": "text",
            "align": "left" if line.right else "right",
            "dx": 5 if line.right else -5,
            "dy": 2,
            "baseline": "top",
            "aria": False,
        }
        layers.append({"data": data, "mark": text, "encoding": {**place, "text": {"field": "name"}}})
    return layers
