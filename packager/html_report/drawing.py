"""Draws charts with Vega-Lite as SVG in the colours of the page, so that dark mode changes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from xml.etree import ElementTree as Tree

from packager.errors import ToolError
from packager.html_report.section import Chart, Spec, Width

SVG = "http://www.w3.org/2000/svg"
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
VERSION = "5.20"
"""Of Vega-Lite: named, since the library brings several and another one would draw other bytes."""
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
PIXELS: dict[Width, int] = {"wide": 840, "narrow": 310}
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
"""Letters of one width wherever the page is read: the library measures the texts with one of these."""
COLOURS = tuple(f"var(--c{number})" for number in range(1, 9))
INK, MUTED, GRID, CARD = "var(--ink)", "var(--muted)", "var(--grid)", "var(--card)"

_CONFIG: Spec = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": MUTED,
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "titlePadding": 10,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": MUTED,
        "labelFontSize": 13,
        "title": None,
        "orient": "top",
        "symbolType": "square",
        "symbolStrokeWidth": 0,
        "labelLimit": 240,
        "rowPadding": 4,
        "columnPadding": 14,
    },
    "text": {"color": INK, "fontSize": 13},
    "rule": {"color": INK},
    "bar": {"stroke": CARD, "strokeWidth": 0.5},
    "point": {"opacity": 1},
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart as two SVG elements, of which the page shows the one that fits its width."""

    chart: Chart
    wide: str
    narrow: str


def draw(charts: Sequence[Chart]) -> tuple[Drawing, ...]:
    """Draw each chart twice. Raises ToolError where the plotting library is not installed."""
    if not charts:
        return ()
    library = _plotting_library()
    return tuple(
        Drawing(chart, _svg(library, chart, "wide"), _svg(library, chart, "narrow")) for chart in charts
    )


def plot(width: Width, layers: Sequence[Spec], **more: object) -> Spec:
    """A plot of these layers, as wide as the page with all that stands around it."""
    return {
        "$schema": SCHEMA,
        "width": PIXELS[width],
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": None,
        "padding": {"left": 8, "right": 2, "top": 2, "bottom": 2},
        "config": _CONFIG,
        "layer": list(layers),
        **more,
    }


def colours(names: Sequence[str], **legend: object) -> Spec:
    """The colour of each name, in the palette's order, with a legend above the plot."""
    scale = {"domain": list(names), "range": list(COLOURS[: len(names)])}
    return {"type": "nominal", "scale": scale, "legend": legend or None}


def _plotting_library() -> ModuleType:
    try:
        import vl_convert
    except ImportError as error:
        raise ToolError(
            "the report's charts are drawn by vl-convert-python, which is not installed",
            "pip install '.[report]' in packager's checkout, or pip install vl-convert-python",
        ) from error
    library: ModuleType = vl_convert
    return library


def _svg(library: ModuleType, chart: Chart, width: Width) -> str:
    drawn = library.vegalite_to_svg(_drawable(chart.spec(width)), vl_version=VERSION, allowed_base_urls=[])
    return _embedded(drawn, chart, width)


def _embedded(drawn: str, chart: Chart, width: Width) -> str:
    """The drawing as one image of the page, named and described by the texts around it.

    What the library says of each part to a screen reader goes: the table beneath says it better. What it
    says of each mark is shown where the pointer rests.
    """
    root = Tree.fromstring(drawn)  # noqa: S314 - our own library wrote it
    for element in root.iter():
        said = element.attrib.pop("aria-label", None)
        part = element.attrib.pop("aria-roledescription", None)
        for name in ("role", "aria-hidden"):
            element.attrib.pop(name, None)
        if said and part not in ("axis", "legend", "title"):
            Tree.SubElement(element, f"{{{SVG}}}title").text = said
    root.attrib.update(
        {
            "class": f"drawing {width}",
            "role": "img",
            "aria-labelledby": f"{chart.id}-title",
            "aria-describedby": f"{chart.id}-description",
        }
    )
    Tree.register_namespace("", SVG)
    return Tree.tostring(root, encoding="unicode")


def values(rows: Sequence[dict[str, object]]) -> Spec:
    """Rows as a plot's data."""
    return {"values": list(rows)}


def _drawable(value: object) -> object:
    """The same without the marks that XML cannot hold: the library would take this process down over one."""
    if isinstance(value, str):
        return _NOT_XML.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_drawable(key): _drawable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    return value
