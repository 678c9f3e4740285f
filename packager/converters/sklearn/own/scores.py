"""Decision functions in double precision: linear models, support vectors, pairs, boosting."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from packager.converters.boosting import pipeline as boosted
from packager.converters.failure import ConversionError
from packager.converters.sklearn.own import boosting, hist_boosting
from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.parts import inside, kind_of
from packager.converters.tensors import Array

SUPPORT_VECTORS = frozenset({"NuSVC", "SVC"})


def has_scores(model: Any) -> bool:
    model = inside(model)
    kind = kind_of(model)
    if kind == "Pipeline":
        return has_scores(model.steps[-1][1])
    if kind in ("OneVsRestClassifier", "OneVsOneClassifier"):
        return all(has_scores(part) for part in model.estimators_)
    return kind in SUPPORT_VECTORS or hasattr(model, "coef_")


def scores(nodes: Nodes, model: Any, value: str) -> str:
    """``[batch, 1]`` for two classes (more than 0: the second), else one column for each class."""
    model = inside(model)
    kind = kind_of(model)
    if kind == "Pipeline":
        return scores(nodes, model.steps[-1][1], nodes.through_steps(model, value))
    if kind in SUPPORT_VECTORS:
        return _of_support_vectors(nodes, model, value)
    if kind == "OneVsRestClassifier":
        each = [scores(nodes, part, value) for part in model.estimators_]
        return nodes.beside(each)
    if kind == "OneVsOneClassifier":
        return _of_pairs(nodes, model, value)
    if kind in boosted.ESTIMATORS:
        return boosted.scores(nodes, model, value)
    return _of_boosting_or_line(nodes, model, value)


def _of_boosting_or_line(nodes: Nodes, model: Any, value: str) -> str:
    kind = kind_of(model)
    if kind == "HistGradientBoostingClassifier":
        return nodes.doubles(hist_boosting.raw_scores(nodes, model, value))
    if kind == "GradientBoostingClassifier":
        return boosting.raw_scores(nodes, model, value)
    if not hasattr(model, "coef_"):
        raise ConversionError(f"{kind} has a decision function that has no form in the graph")
    return linear(nodes, model, value)


def linear(nodes: Nodes, model: Any, value: str) -> str:
    slopes = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    product = nodes.add("MatMul", nodes.doubles(value), slopes.T.copy())
    return nodes.add("Add", product, np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64)))


def decided(nodes: Nodes, values: str, classes: Any) -> str:
    """The class that the scores name."""
    if len(classes) == 2:
        first = nodes.add("Squeeze", values, np.array([1], np.int64))
        return nodes.named(nodes.cast(nodes.add("Greater", first, np.float64(0)), np.int64), classes)
    return nodes.named(nodes.first_of_the_largest(values), classes)


def pairwise(nodes: Nodes, values: str, count: int) -> tuple[str, str]:
    """From scores of pairs (above 0: the second of the two) to votes, and to one score for each class."""
    pairs = list(combinations(range(count), 2))
    firsts, seconds = np.zeros((len(pairs), count)), np.zeros((len(pairs), count))
    for at, (first, second) in enumerate(pairs):
        firsts[at, first] = seconds[at, second] = 1
    wins = nodes.doubles(nodes.add("Greater", values, np.float64(0)))
    losses = nodes.add("Sub", np.float64(1), wins)
    votes = nodes.add("Add", nodes.add("MatMul", wins, seconds), nodes.add("MatMul", losses, firsts))
    trust = nodes.add("MatMul", values, seconds - firsts)
    bound = nodes.add("Mul", nodes.add("Add", nodes.add("Abs", trust), np.float64(1)), np.float64(3))
    return votes, nodes.add("Add", votes, nodes.add("Div", trust, bound))


def _of_pairs(nodes: Nodes, model: Any, value: str) -> str:
    taken = model.pairwise_indices_ or [None] * len(model.estimators_)
    each = [
        scores(
            nodes, part, value if columns is None else nodes.add("Gather", value, np.asarray(columns), axis=1)
        )
        for part, columns in zip(model.estimators_, taken)
    ]
    together = nodes.beside(each)
    found = pairwise(nodes, together, len(model.classes_))[1]
    return nodes.column(found, 1) if len(each) == 1 else found


def kernel(nodes: Nodes, model: Any, value: str, points: Array) -> str:
    """How near each row is to each point, as libsvm measures it."""
    points = np.asarray(points, dtype=np.float64)
    value, gamma = nodes.doubles(value), np.float64(getattr(model, "_gamma", 0.0))
    if model.kernel == "rbf":
        return nodes.add("Exp", nodes.add("Mul", nodes.squared_distances(value, points), -gamma))
    product = nodes.add("MatMul", value, points.T.copy())
    if model.kernel == "linear":
        return product
    scaled = nodes.add("Add", nodes.add("Mul", product, gamma), np.float64(model.coef0))
    if model.kernel == "poly":
        return nodes.add("Pow", scaled, np.float64(model.degree))
    if model.kernel == "sigmoid":
        return nodes.add("Tanh", scaled)
    raise ConversionError(f"{kind_of(model)} has the kernel {model.kernel!r}, which has no form in the graph")


def _dense(values: Any) -> Array:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float64)


def support(nodes: Nodes, model: Any, value: str) -> str:
    """The one score of a regression, of two classes, or of an outlier detector."""
    near = kernel(nodes, model, value, _dense(model.support_vectors_))
    weighted = nodes.add("MatMul", near, _dense(model.dual_coef_).T.copy())
    return nodes.add("Add", weighted, np.asarray(model.intercept_, dtype=np.float64))


def pairs_of_support(nodes: Nodes, model: Any, value: str) -> str:
    """One score for each pair of classes; above 0 is the first of the two, as libsvm has it."""
    counts = np.asarray(model.n_support_)
    ends = np.cumsum(counts)
    spans = [range(end - count, end) for count, end in zip(counts.tolist(), ends.tolist())]
    dual = _dense(model.dual_coef_)
    columns = []
    for first, second in combinations(range(len(spans)), 2):
        column = np.zeros(dual.shape[1])
        column[list(spans[first])] = dual[second - 1, list(spans[first])]
        column[list(spans[second])] = dual[first, list(spans[second])]
        columns.append(column)
    near = kernel(nodes, model, value, _dense(model.support_vectors_))
    weighted = nodes.add("MatMul", near, np.stack(columns, axis=1))
    return nodes.add("Add", weighted, np.asarray(model.intercept_, dtype=np.float64))


def _of_support_vectors(nodes: Nodes, model: Any, value: str) -> str:
    if len(model.classes_) == 2:
        return support(nodes, model, value)
    pairs = pairs_of_support(nodes, model, value)
    if model.decision_function_shape == "ovo":
        return pairs
    return pairwise(nodes, nodes.add("Neg", pairs), len(model.classes_))[1]
