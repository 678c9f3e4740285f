"""Gaps that neighbours or models fill: what each row's own gaps make of it, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.steps import is_missing, kept_columns
from packager.converters.tensors import Array


def refusal(part: Any) -> str | None:
    """Why this imputer has no form in the graph; None if it has one."""
    if getattr(part, "sample_posterior", False):
        return "with sample_posterior=True draws random numbers for each row"
    for name in ("metric", "weights"):
        if callable(getattr(part, name, None)):
            return f"calls a Python function for its {name}, which has no form in the graph"
    return None


def by_neighbours(nodes: Nodes, part: Any) -> None:
    """``KNNImputer``: the mean of the nearest training rows that have a value there."""
    value = nodes.doubles(nodes.given)
    gaps, known = is_missing(nodes, part, value), np.asarray(part._mask_fit_X)
    far = _distances(nodes, part, value, gaps)
    columns = []
    for at, valid in enumerate(np.asarray(part._valid_mask)):
        column = nodes.column(value, at)
        if valid:
            donors = np.flatnonzero(~known[:, at])
            filled = _mean_of_nearest(nodes, part, nodes.add("Gather", far, donors, axis=1), donors, at)
            columns.append(nodes.chosen(nodes.column(gaps, at), filled, column))
        elif getattr(part, "keep_empty_features", False):
            columns.append(nodes.add("Mul", nodes.doubles(nodes.column(gaps, at)), np.float64(0)))
    _give_with_indicator(nodes, part, columns, gaps)


def _distances(nodes: Nodes, part: Any, value: str, gaps: str) -> str:
    """Squared, over the columns that both rows have, as scikit-learn adds them up; infinite without any."""
    known = np.asarray(part._mask_fit_X)
    points = np.where(known, 0.0, np.asarray(part._fit_X, np.float64))
    value = nodes.chosen(gaps, np.float64(0), value)
    squares, missing = nodes.add("Mul", value, value), nodes.doubles(gaps)
    both = nodes.add("MatMul", value, (-2.0 * points).T.copy())
    far = nodes.add("Add", nodes.add("Add", both, nodes.total(squares, 1)), (points**2).sum(axis=1)[None])
    far = nodes.add("Sub", far, nodes.add("MatMul", squares, known.T.astype(np.float64)))
    far = nodes.add("Sub", far, nodes.add("MatMul", missing, (points**2).T.copy()))
    present = nodes.add("MatMul", nodes.add("Sub", np.float64(1), missing), (~known).T.astype(np.float64))
    share = nodes.add("Div", np.float64(known.shape[1]), nodes.add("Max", present, np.float64(1)))
    far = nodes.add("Mul", nodes.add("Max", far, np.float64(0)), share)
    return nodes.chosen(nodes.add("Equal", present, np.float64(0)), np.float64(np.inf), far)


def _mean_of_nearest(nodes: Nodes, part: Any, far: str, donors: Array, at: int) -> str:
    count = min(int(part.n_neighbors), len(donors))
    targets = np.asarray(part._fit_X, np.float64)[donors, at]
    near, places = nodes.several("TopK", 2, far, np.array([count], np.int64), axis=1, largest=0, sorted=1)
    weights = _weights(nodes, part, near)
    sums = nodes.total(nodes.add("Mul", nodes.add("Gather", targets, places, axis=0), weights), 1)
    total = nodes.total(weights, 1)
    nobody = nodes.add("Equal", total, np.float64(0))
    mean = nodes.add("Div", sums, nodes.chosen(nobody, np.float64(1), total))
    return nodes.chosen(nobody, np.array([[targets.mean()]]), mean)


def _weights(nodes: Nodes, part: Any, near: str) -> str:
    met = nodes.doubles(nodes.add("Less", near, np.float64(np.inf)))
    if part.weights == "uniform":
        return met
    same = nodes.add("Equal", near, np.float64(0))
    any_same = nodes.add("Greater", nodes.total(nodes.doubles(same), 1), np.float64(0))
    inverse = nodes.add("Div", met, nodes.add("Sqrt", nodes.chosen(same, np.float64(1), near)))
    return nodes.chosen(any_same, nodes.doubles(same), inverse)


def in_turns(nodes: Nodes, part: Any) -> None:
    """``IterativeImputer``: each column with gaps is asked of a model over the others, in turns."""
    given = nodes.doubles(nodes.given)
    gaps, kept = is_missing(nodes, part, given), kept_columns(part.initial_imputer_)
    first = nodes.doubles(nodes.transformed(part.initial_imputer_, given))
    mine = nodes.add("Gather", gaps, kept, axis=1)
    columns = [nodes.column(first, at) for at in range(len(kept))]
    flags = [nodes.column(mine, at) for at in range(len(kept))]
    for at, neighbours, estimator in part.imputation_sequence_ if part.n_iter_ else ():
        seen = nodes.add("Concat", *(columns[place] for place in neighbours), axis=1)
        found = nodes.shaped(nodes.doubles(nodes.predicted(estimator, seen)), -1, 1)
        columns[at] = nodes.chosen(flags[at], _within_bounds(nodes, part, found, at), columns[at])
    _give_with_indicator(nodes, part, [_unless_nothing(nodes, mine, first, columns)], gaps)


def _within_bounds(nodes: Nodes, part: Any, found: str, at: int) -> str:
    both = (np.ravel(bounds) for bounds in (part._min_value, part._max_value))
    low, high = (bounds[at if len(bounds) > 1 else 0] for bounds in both)
    return nodes.add("Min", nodes.add("Max", found, np.float64(low)), np.float64(high))


def _unless_nothing(nodes: Nodes, gaps: str, first: str, columns: list[str]) -> str:
    """Where not one value is given, in any row, scikit-learn stays with what stood there first."""
    present = nodes.add("ReduceSum", nodes.doubles(nodes.add("Not", gaps)), keepdims=0)
    nothing = nodes.add("Equal", present, np.float64(0))
    return nodes.chosen(nothing, first, nodes.add("Concat", *columns, axis=1))


def _give_with_indicator(nodes: Nodes, part: Any, columns: list[str], gaps: str) -> None:
    if part.add_indicator and len(part.indicator_.features_):
        marked = nodes.add("Gather", gaps, np.asarray(part.indicator_.features_, np.int64), axis=1)
        columns = [*columns, nodes.doubles(marked)]
    nodes.give(nodes.beside(columns))
