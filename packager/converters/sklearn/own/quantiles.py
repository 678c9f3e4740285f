"""``QuantileTransformer``: the place among the training data's values, even or as on a bell curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.tensors import Array

_EDGE = 1e-7


def transformer(nodes: Nodes, part: Any) -> None:
    value, tables = nodes.doubles(nodes.given), np.asarray(part.quantiles_, np.float64)
    columns = [_placed(nodes, part, nodes.column(value, at), tables[:, at]) for at in range(tables.shape[1])]
    nodes.give(nodes.beside(columns))


def _placed(nodes: Nodes, part: Any, value: str, steps: Array) -> str:
    """From below and from above, and the mean of both: equal values have several places."""
    shares = np.asarray(part.references_, np.float64)
    below = _between(nodes, value, steps, shares)
    above = _between(nodes, nodes.add("Neg", value), -steps[::-1], -shares[::-1])
    place = nodes.add("Mul", nodes.add("Sub", below, above), np.float64(0.5))
    bell = part.output_distribution == "normal"
    edge = np.float64(_EDGE if bell else 0)
    over = nodes.add("Greater" if bell else "Equal", nodes.add("Add", value, edge), steps[-1])
    under = nodes.add("Less" if bell else "Equal", nodes.add("Sub", value, edge), steps[0])
    place = nodes.chosen(under, np.float64(0), nodes.chosen(over, np.float64(1), place))
    place = nodes.chosen(nodes.add("IsNaN", value), value, place)
    return _on_a_bell_curve(nodes, place) if bell else place


def _between(nodes: Nodes, value: str, steps: Array, shares: Array) -> str:
    """``numpy.interp``: on the line between the two steps beside the value."""
    count = len(steps)
    passed = nodes.cast(nodes.add("GreaterOrEqual", value, steps[None].copy()), np.float64)
    at = nodes.cast(nodes.add("Sub", nodes.total(passed, 1), np.float64(1)), np.int64)
    at = nodes.add("Max", nodes.add("Min", at, np.int64(count - 2)), np.int64(0))
    widths = np.diff(steps)
    slopes = np.divide(np.diff(shares), widths, out=np.zeros(count - 1), where=widths > 0)
    start, slope, low = (
        nodes.add("Gather", np.ascontiguousarray(table), at, axis=0)
        for table in (steps[:-1], slopes, shares[:-1])
    )
    found = nodes.add("Add", nodes.add("Mul", nodes.add("Sub", value, start), slope), low)
    last = nodes.add("GreaterOrEqual", value, steps[-1])
    first = nodes.add("Less", value, steps[0])
    return nodes.chosen(first, shares[0], nodes.chosen(last, shares[-1], found))


# The inverse of the normal distribution after P. J. Acklam (relative error 1.15e-9), by region.
_MIDDLE = (
    (-3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02,
     1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00),
    (-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02,
     6.680131188771972e01, -1.328068155288572e01, 1.0),
)  # fmt: skip
_TAIL = (
    (-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00,
     -2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00),
    (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661907416e00, 1.0),
)  # fmt: skip
_TAIL_ENDS = 0.02425


def _on_a_bell_curve(nodes: Nodes, share: str) -> str:
    from scipy import stats

    limit = np.float64(stats.norm.ppf(1 - (_EDGE - np.spacing(1))))
    lowest, half = np.float64(stats.norm.ppf(_EDGE - np.spacing(1))), np.float64(0.5)
    from_half = nodes.add("Sub", share, half)
    square = nodes.add("Mul", from_half, from_half)
    middle = nodes.add("Mul", from_half, _ratio(nodes, square, _MIDDLE))
    rest = nodes.add("Min", share, nodes.add("Sub", np.float64(1), share))
    rest = nodes.add("Max", rest, np.float64(1e-12))
    root = nodes.add("Sqrt", nodes.add("Mul", nodes.add("Log", rest), np.float64(-2)))
    tail = nodes.add("Mul", _ratio(nodes, root, _TAIL), nodes.add("Neg", nodes.add("Sign", from_half)))
    found = nodes.chosen(nodes.add("Less", rest, np.float64(_TAIL_ENDS)), tail, middle)
    held = nodes.add("Min", nodes.add("Max", found, lowest), limit)
    return nodes.chosen(nodes.add("IsNaN", share), share, held)


def _ratio(nodes: Nodes, value: str, both: tuple[tuple[float, ...], tuple[float, ...]]) -> str:
    return nodes.add("Div", *(_polynomial(nodes, value, coefficients) for coefficients in both))


def _polynomial(nodes: Nodes, value: str, coefficients: tuple[float, ...]) -> str:
    found = nodes.add("Mul", value, np.float64(coefficients[0]))
    for coefficient in coefficients[1:-1]:
        found = nodes.add("Mul", nodes.add("Add", found, np.float64(coefficient)), value)
    return nodes.add("Add", found, np.float64(coefficients[-1]))
