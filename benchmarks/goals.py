"""One figure with its goal: what was measured, and whether that meets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from packager.measurement import Ratio

State = Literal["met", "not met", "undecided", "unstable", "not measured"]
SWING = 0.2
"""A figure of few rounds is unstable when they lie further apart than this part of their median."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of goals. ``measured`` and ``interval`` are ready to be read."""

    figure: str
    goal: str
    measured: str
    interval: str
    state: State


def ratio_row(figure: str, limit: float, of: str, ratio: Ratio) -> Row:
    """A ratio held to its goal: met where the whole interval is, undecided where the goal lies inside."""
    interval = "exact" if ratio.low == ratio.high else f"{ratio.low:.3g} to {ratio.high:.3g}"
    return Row(figure, f"≤ {limit:g} × {of}", f"{ratio.ratio:.3g} ×", interval, _state(ratio, limit))


def size_row(figure: str, limit_bytes: int, size_bytes: int) -> Row:
    """A size held to its goal."""
    goal, measured = f"≤ {limit_bytes / 1000:,.0f} KB", f"{size_bytes / 1000:,.1f} KB"
    return Row(figure, goal, measured, "exact", "met" if size_bytes <= limit_bytes else "not met")


def held_row(figure: str, goal: float, ratios: Sequence[float], at_least: bool = True) -> Row:
    """The ratios of a few rounds, each of two that ran one after the other: all are to meet the goal."""
    return _held(figure, f"{'≥' if at_least else '≤'} {goal:g}", goal, ratios, at_least)


def limit_row(figure: str, limit: float, unit: str, values: Sequence[float]) -> Row:
    """The values of a few rounds, none of which is to be more."""
    return _held(figure, f"≤ {limit:g} {unit}", limit, values, at_least=False)


def _held(figure: str, text: str, goal: float, values: Sequence[float], at_least: bool) -> Row:
    low, high, middle = min(values), max(values), median(values)
    worst, best = (low, high) if at_least else (-high, -low)
    wanted = goal if at_least else -goal
    state: State = "met" if worst >= wanted else "not met" if best < wanted else "undecided"
    if high - low > SWING * middle:
        state = "unstable"
    return Row(figure, text, f"{middle:.3g}", f"{low:.3g} to {high:.3g}", state)


def missing_row(figure: str, goal: str, why: str) -> Row:
    """A figure that this run has not measured, with the reason."""
    return Row(figure, goal, why, "", "not measured")


def _state(ratio: Ratio, limit: float) -> State:
    if ratio.verdict == "unstable":
        return "unstable"
    return "met" if ratio.high <= limit else "not met" if ratio.low > limit else "undecided"
