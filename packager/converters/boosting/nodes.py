"""An ensemble as nodes of a graph: a matrix in, the raw sums and the answer out."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.boosting.ensemble import Ensemble, LinearLeaves, Link
from packager.converters.tensors import Array
from packager.converters.trees.ensemble import ML, ensemble_attributes
from packager.converters.trees.flat import LEAF, Trees
from packager.converters.trees.graph import Adds

_FLOAT, _DOUBLE, _INT64 = 1, 11, 7
"""Numbers of ONNX's types."""
_AXIS, _LAST = np.array([1], np.int64), np.array([2], np.int64)


def raw_sums(graph: Adds, model: Ensemble, matrix: str) -> str:
    """``[batch, outputs]`` in double precision: what the library calls margin or raw score.

    ``matrix`` is in double precision if the model is, else in single.
    """
    matrix = _as_the_library_reads(graph, model, matrix)
    if model.weights is not None:
        known = graph.add("Where", graph.add("IsNaN", matrix), np.float32(0), matrix)
        known = graph.add("Cast", known, to=_DOUBLE)
        return graph.add("Add", graph.add("MatMul", known, model.weights), model.base.reshape(1, -1))
    trees = model.trees
    if trees is None or not trees.trees:
        none = graph.add("Gather", graph.add("Shape", matrix), np.array([0], np.int64), axis=0)
        shape = graph.add("Concat", none, np.array([model.outputs], np.int64), axis=0)
        return graph.add("Expand", model.base.reshape(1, -1), shape)
    if model.linear is not None:
        return _linear(graph, model, trees, model.linear, matrix)
    sums = graph.add("TreeEnsembleRegressor", matrix, domain=ML, **_attributes(model, trees))
    return graph.add("Cast", sums, to=_DOUBLE)


def _attributes(model: Ensemble, trees: Trees) -> dict[str, Any]:
    if model.double:
        return ensemble_attributes(trees, model.base, double=True)
    return ensemble_attributes(*_based(trees, model.base.astype(np.float32)), double=False)


def _based(trees: Trees, base: Array) -> tuple[Trees, Array]:
    """XGBoost begins its sums with the base, the engine adds it last: so the first tree takes it up."""
    made, rest = [], base.copy()
    for tree, target in zip(trees.trees, trees.targets, strict=True):
        mine = slice(target, target + tree.values.shape[1])
        made.append(replace(tree, values=tree.values.astype(np.float32) + rest[mine]))
        rest[mine] = 0
    return Trees(tuple(made), trees.targets), rest


def _as_the_library_reads(graph: Adds, model: Ensemble, matrix: str) -> str:
    """Numbers that mean a missing value, and categories as whole numbers."""
    kind = np.float64 if model.double else np.float32
    if not math.isnan(model.missing):
        matrix = graph.add("Where", graph.add("Equal", matrix, kind(model.missing)), kind(np.nan), matrix)
    if model.zero_is_missing.any():
        near = graph.add("LessOrEqual", graph.add("Abs", matrix), kind(np.float32(1e-35)))
        where = graph.add("And", near, model.zero_is_missing.reshape(1, -1))
        matrix = graph.add("Where", where, kind(np.nan), matrix)
    categorical = (
        np.zeros(model.features, bool) if model.trees is None else model.trees.categorical(model.features)
    )
    if not categorical.any():
        return matrix
    if model.rounds_down:
        whole = graph.add("Floor", matrix)
    else:
        whole = graph.add("Mul", graph.add("Sign", matrix), graph.add("Floor", graph.add("Abs", matrix)))
    return graph.add("Where", categorical.reshape(1, -1), whole, matrix)


def _linear(graph: Adds, model: Ensemble, trees: Trees, linear: LinearLeaves, matrix: str) -> str:
    """The trees say in which leaf a row is; its function is looked up and computed on the row."""
    places = graph.add(
        "TreeEnsembleRegressor",
        matrix,
        domain=ML,
        **ensemble_attributes(_numbered(trees), np.zeros(len(trees.trees)), double=True),
    )
    places = graph.add("Cast", places, to=_INT64)
    missing = graph.add("IsNaN", matrix)
    rows = graph.add("Unsqueeze", graph.add("Where", missing, np.float64(0), matrix), _AXIS)
    gaps = graph.add("Unsqueeze", graph.add("Cast", missing, to=_DOUBLE), _AXIS)
    slopes = graph.add("Gather", linear.coefficients, places, axis=0)
    reads = graph.add("Gather", linear.reads.astype(np.float64), places, axis=0)
    sloped = graph.add("ReduceSum", graph.add("Mul", slopes, rows), _LAST, keepdims=0)
    found = graph.add("ReduceSum", graph.add("Mul", reads, gaps), _LAST, keepdims=0)
    values = graph.add("Add", graph.add("Gather", linear.constant, places, axis=0), sloped)
    fallback = graph.add("Gather", linear.fallback, places, axis=0)
    values = graph.add("Where", graph.add("Greater", found, np.float64(0)), fallback, values)
    belongs = np.eye(model.outputs)[np.array(trees.targets)]
    return graph.add("Add", graph.add("MatMul", values, belongs), model.base.reshape(1, -1))


def _numbered(trees: Trees) -> Trees:
    """Each tree answers, in a column of its own, with the number of the leaf among all leaves."""
    made, first = [], 0
    for tree in trees.trees:
        places = np.flatnonzero(tree.asks == LEAF)
        values = np.zeros((len(tree), 1))
        values[places, 0] = np.arange(first, first + len(places))
        first += len(places)
        made.append(replace(tree, values=values))
    return Trees(tuple(made), tuple(range(len(made))))


def answer(graph: Adds, model: Ensemble, raw: str) -> str:
    """The raw sums on the scale of the library's answers, ``[batch, outputs]`` or ``[batch, classes]``."""
    if model.scale != 1:
        raw = graph.add("Mul", raw, np.float64(model.scale))
    linked = _LINKS[model.link](graph, raw)
    if model.gives == "classes" and model.outputs == 1:
        return graph.add("Concat", graph.add("Sub", np.float64(1), linked), linked, axis=1)
    return linked


def decided(graph: Adds, model: Ensemble, answers: str) -> str:
    """The number of the class, int64 ``[batch]``: the first of the most probable."""
    if model.gives == "label":
        return graph.add("Reshape", graph.add("Cast", answers, to=_INT64), np.array([-1], np.int64))
    return graph.add("ArgMax", graph.add("Cast", answers, to=_FLOAT), axis=1, keepdims=0)


def _signed_square(graph: Adds, raw: str) -> str:
    return graph.add("Mul", raw, graph.add("Abs", raw))


def _log1p_exp(graph: Adds, raw: str) -> str:
    return graph.add("Log", graph.add("Add", np.float64(1), graph.add("Exp", raw)))


def _step(graph: Adds, raw: str) -> str:
    return graph.add("Cast", graph.add("Greater", raw, np.float64(0)), to=_DOUBLE)


_LINKS: dict[Link, Callable[[Adds, str], str]] = {
    "identity": lambda _, raw: raw,
    "sigmoid": lambda graph, raw: graph.add("Sigmoid", raw),
    "softmax": lambda graph, raw: graph.add("Softmax", raw, axis=1),
    "exp": lambda graph, raw: graph.add("Exp", raw),
    "log1p_exp": _log1p_exp,
    "signed_square": _signed_square,
    "step": _step,
}
