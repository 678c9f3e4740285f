"""Steps that skl2onnx does not know: gaps, splines, waves, products and choices of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.tensors import Array

SELECTORS = (
    "GenericUnivariateSelect", "RFE", "RFECV", "SelectFdr", "SelectFpr", "SelectFromModel", "SelectFwe",
    "SelectKBest", "SelectPercentile", "SequentialFeatureSelector", "VarianceThreshold",
)  # fmt: skip


def missing(nodes: Nodes, part: Any) -> None:
    """``MissingIndicator``: ones where a value is missing."""
    nodes.give(_flags(nodes, part, nodes.doubles(nodes.given)))


def _flags(nodes: Nodes, part: Any, value: str) -> str:
    taken = nodes.add("Gather", value, np.asarray(part.features_, np.int64), axis=1)
    return nodes.doubles(is_missing(nodes, part, taken))


def is_missing(nodes: Nodes, part: Any, value: str) -> str:
    mark = part.missing_values
    if mark is None or np.isnan(float(mark)):
        return nodes.add("IsNaN", value)
    return nodes.add("Equal", value, np.float64(mark))


class NumberImputer(SimpleImputer):  # type: ignore[misc]
    """What a ``SimpleImputer`` over numbers becomes in the copy that is converted."""


def imputer(nodes: Nodes, part: Any) -> None:
    """``SimpleImputer`` over numbers, with or without its indicator."""
    value = nodes.doubles(nodes.given)
    statistics, kept = np.asarray(part.statistics_, dtype=np.float64), kept_columns(part)
    taken = nodes.add("Gather", value, kept, axis=1)
    filled = nodes.chosen(is_missing(nodes, part, taken), statistics[None, kept], taken)
    if part.add_indicator and len(part.indicator_.features_):
        filled = nodes.add("Concat", filled, _flags(nodes, part.indicator_, value), axis=1)
    nodes.give(filled)


def kept_columns(part: Any) -> Array:
    """Those that had any value when the imputer was fitted, or all."""
    statistics = np.asarray(part.statistics_, dtype=np.float64)
    keeps_all = getattr(part, "keep_empty_features", False)  # before 1.2 none were kept
    kept = np.ones(len(statistics), bool) if keeps_all else ~np.isnan(statistics)
    return np.flatnonzero(kept).astype(np.int64)


class ChosenColumns(BaseEstimator):  # type: ignore[misc]
    """What a selector becomes in the copy that is converted: some call themselves classifiers."""

    chosen_: Array


def chosen_columns(nodes: Nodes, part: Any) -> None:
    nodes.give(nodes.add("Gather", nodes.given, part.chosen_, axis=1))


def products(nodes: Nodes, part: Any) -> None:
    """``PolynomialFeatures``: each answer is a product of columns, filled up with ones."""
    value = nodes.doubles(nodes.given)
    powers = np.asarray(part.powers_)
    ones = nodes.add("Add", nodes.add("Mul", nodes.column(value, 0), np.float64(0)), np.float64(1))
    wider = nodes.add("Concat", value, ones, axis=1)
    factors_of = [[at for at, power in enumerate(row) for _ in range(power)] for row in powers]
    most = max(1, *(len(row) for row in factors_of))
    table = np.array([row + [powers.shape[1]] * (most - len(row)) for row in factors_of], dtype=np.int64)
    found = nodes.add("Gather", wider, table[:, 0].copy(), axis=1)
    for at in range(1, most):
        found = nodes.add("Mul", found, nodes.add("Gather", wider, table[:, at].copy(), axis=1))
    nodes.give(found)


def waves(nodes: Nodes, part: Any) -> None:
    """``RBFSampler``."""
    weights = np.asarray(part.random_weights_, np.float64)
    angle = nodes.add(
        "Add", nodes.add("MatMul", nodes.doubles(nodes.given), weights), part.random_offset_[None]
    )
    scale = np.float64(np.sqrt(2.0 / weights.shape[1]))
    nodes.give(nodes.add("Mul", nodes.add("Cos", angle), scale))


def splines(nodes: Nodes, part: Any) -> None:
    """``SplineTransformer``: on each stretch between knots every basis function is one polynomial."""
    value = nodes.doubles(nodes.given)
    blocks = [
        _spline(nodes, part, spline, nodes.column(value, at)) for at, spline in enumerate(part.bsplines_)
    ]
    nodes.give(nodes.beside(blocks))


def _spline(nodes: Nodes, part: Any, spline: Any, value: str) -> str:
    degree, knots = int(part.degree), np.asarray(spline.t, np.float64)
    inner = knots[degree : len(knots) - degree]
    if part.extrapolation == "periodic":
        span = inner[-1] - inner[0]
        turns = nodes.add("Floor", nodes.add("Div", nodes.add("Sub", value, inner[0]), span))
        value = nodes.add("Sub", value, nodes.add("Mul", turns, span))
    tables = _polynomials(spline, inner, part)
    starts, bounds = inner[:-1], inner[1:-1]
    if part.extrapolation != "periodic":
        before, behind = _outside(part, tables, inner, 0), _outside(part, tables, inner, -1)
        tables = np.concatenate([before[None], tables, behind[None]])
        starts, bounds = np.concatenate([inner[:1], starts, inner[-1:]]), inner
    at = _stretch(nodes, value, bounds)
    along = nodes.add("Sub", value, nodes.add("Gather", starts, at, axis=0))
    return _evaluated(nodes, tables, nodes.shaped(at, -1), along)


def _stretch(nodes: Nodes, value: str, bounds: Array) -> str:
    """On which stretch each value lies; the last bound itself belongs to the stretch before it."""
    if not len(bounds):
        return nodes.cast(nodes.add("Mul", value, np.float64(0)), np.int64)
    last = nodes.doubles(nodes.add("Greater", value, bounds[None, -1:]))
    if len(bounds) == 1:
        return nodes.cast(last, np.int64)
    passed = nodes.doubles(nodes.add("GreaterOrEqual", value, bounds[None, :-1]))
    return nodes.cast(nodes.total(nodes.add("Concat", passed, last, axis=1), 1), np.int64)


def _polynomials(spline: Any, inner: Array, part: Any) -> Array:
    """``[stretch, power, basis]`` in the distance from the start of the stretch."""
    factorials = np.cumprod([1.0, *range(1, int(part.degree) + 1)])
    middles = (inner[:-1] + inner[1:]) / 2
    at_middle = np.stack([spline(middles, nu=nu) for nu in range(len(factorials))], axis=1)
    return _moved(at_middle / factorials[None, :, None], inner[:-1] - middles)[
        :, :, _kept(part, at_middle.shape[2])
    ]


def _moved(tables: Array, by: Array) -> Array:
    """The same polynomials around another point."""
    from math import comb

    powers = tables.shape[1]
    moved = np.zeros_like(tables)
    for low in range(powers):
        for high in range(low, powers):
            moved[:, low] += tables[:, high] * comb(high, low) * (by ** (high - low))[:, None]
    return moved


def _kept(part: Any, count: int) -> Any:
    if part.extrapolation == "periodic":
        return slice(0, count - (0 if part.include_bias else 1))
    return slice(0, count if part.include_bias else count - 1)


def _outside(part: Any, tables: Array, inner: Array, side: int) -> Array:
    """Before the first knot and behind the last: the polynomial at the edge, or its line, or its value."""
    edge = tables[side : side + 1 or None] if side == 0 else tables[-1:]
    if side == -1:
        edge = _moved(edge, inner[-1:] - inner[-2:-1])
    kept = {"constant": 1, "linear": 2, "continue": edge.shape[1]}.get(part.extrapolation, 0)
    result = np.zeros_like(edge[0])
    result[:kept] = edge[0, :kept]
    return result


def _evaluated(nodes: Nodes, tables: Array, at: str, along: str) -> str:
    """Horner's rule over the powers of the chosen stretch."""
    found = nodes.add("Gather", np.ascontiguousarray(tables[:, -1]), at, axis=0)
    for power in range(tables.shape[1] - 2, -1, -1):
        coefficients = nodes.add("Gather", np.ascontiguousarray(tables[:, power]), at, axis=0)
        found = nodes.add("Add", nodes.add("Mul", found, along), coefficients)
    return found
