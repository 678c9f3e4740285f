"""Nearest neighbours in double precision: candidates first, then their distances exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scored import give_outliers

_SPARE = 8
_POWERS = {"cityblock": 1.0, "euclidean": 2.0, "l1": 1.0, "l2": 2.0, "manhattan": 1.0}


def refusal(part: Any) -> str | None:
    metric = part.effective_metric_
    if not isinstance(getattr(part, "weights", "uniform"), str) or not isinstance(metric, str):
        return "calls a Python function for its weights or its metric, which has no form in the graph"
    if metric not in (*_POWERS, "chebyshev", "minkowski"):
        return f"with metric={metric!r} has no form in the graph"
    if (
        getattr(part, "effective_metric_params_", None)
        and (part.effective_metric_params_ or {}).get("w") is not None
    ):
        return "with weights of its own in the metric has no form in the graph"
    return None


def power_of(part: Any) -> float:
    """2 for straight distances, 1 for those of a city, infinity for the largest difference."""
    if part.effective_metric_ == "chebyshev":
        return float("inf")
    if part.effective_metric_ == "minkowski":
        return float((part.effective_metric_params_ or {}).get("p", part.p))
    return _POWERS[part.effective_metric_]


def classifier(nodes: Nodes, model: Any) -> None:
    found, weights = _nearest(nodes, model)
    flags = np.eye(len(model.classes_))[np.asarray(model._y).ravel()]
    votes = nodes.total(nodes.add("Mul", nodes.add("Gather", flags, found, axis=0), weights), 1, keep=False)
    chances = nodes.add("Div", votes, nodes.total(votes, 1))
    nodes.give_classes(chances, model.classes_)


def regressor(nodes: Nodes, model: Any) -> None:
    found, weights = _nearest(nodes, model)
    targets = np.asarray(model._y, dtype=np.float64)
    known = nodes.add("Gather", targets.reshape(len(targets), -1), found, axis=0)
    total = nodes.total(nodes.add("Mul", known, weights), 1, keep=False)
    nodes.give(nodes.add("Div", total, nodes.total(weights, 1, keep=False)))


def _nearest(nodes: Nodes, model: Any) -> tuple[str, str]:
    """The places of the nearest, ``[batch, k]``, and what each counts, ``[batch, k, 1]``."""
    found, near = _places(nodes, model, int(model.n_neighbors))
    return found, nodes.add("Unsqueeze", _weights(nodes, model, near), np.array([2], np.int64))


def _places(nodes: Nodes, model: Any, count: int) -> tuple[str, str]:
    points = model._fit_X
    points = np.asarray(points.toarray() if hasattr(points, "toarray") else points, dtype=np.float64)
    value, power = nodes.doubles(nodes.given), power_of(model)
    more = min(len(points), count + _SPARE)
    rough = (
        nodes.squared_distances(value, points)
        if power == 2
        else _distances(nodes, value, points[None], power)
    )
    _, candidates = nodes.several("TopK", 2, rough, np.array([more], np.int64), axis=1, largest=0, sorted=1)
    # The place in the training data decides among equals.
    _, order = nodes.several("TopK", 2, candidates, np.array([more], np.int64), axis=1, largest=0, sorted=1)
    candidates = nodes.add("GatherElements", candidates, order, axis=1)
    exact = _distances(nodes, value, nodes.add("Gather", points, candidates, axis=0), power)
    near, chosen = nodes.several("TopK", 2, exact, np.array([count], np.int64), axis=1, largest=0, sorted=1)
    found = nodes.add("GatherElements", candidates, chosen, axis=1)
    return found, near


def _weights(nodes: Nodes, model: Any, near: str) -> str:
    same = nodes.add("Equal", near, np.float64(0))
    if model.weights == "uniform":
        return nodes.add("Add", nodes.add("Mul", nodes.doubles(same), np.float64(0)), np.float64(1))
    met = nodes.doubles(same)
    any_met = nodes.add("Greater", nodes.total(met, 1), np.float64(0))
    inverse = nodes.add("Div", np.float64(1), nodes.chosen(same, np.float64(1), near))
    return nodes.chosen(any_met, met, inverse)


def _distances(nodes: Nodes, value: str, points: Any, power: float) -> str:
    away = nodes.add("Abs", nodes.add("Sub", nodes.add("Unsqueeze", value, np.array([1], np.int64)), points))
    if np.isinf(power):
        return nodes.largest(away, axis=2, keep=False)
    if power == 1:
        return nodes.total(away, 2, keep=False)
    if power == 2:
        return nodes.add("Sqrt", nodes.total(nodes.add("Mul", away, away), 2, keep=False))
    raised = nodes.total(nodes.add("Pow", away, np.float64(power)), 2, keep=False)
    return nodes.add("Pow", raised, np.float64(1 / power))


def outlier_factor(nodes: Nodes, model: Any) -> None:
    """``LocalOutlierFactor``: how much sparser it is around a row than around its neighbours."""
    found, near = _places(nodes, model, int(model.n_neighbors_))
    reach = np.asarray(model._distances_fit_X_, np.float64)[:, model.n_neighbors_ - 1]
    far = nodes.add("Max", near, nodes.add("Gather", reach, found, axis=0))
    mean = nodes.add("Div", nodes.total(far, 1), np.float64(model.n_neighbors_))
    known = nodes.add("Gather", np.asarray(model._lrd, np.float64), found, axis=0)
    ratios = nodes.add("Mul", known, nodes.add("Add", mean, np.float64(1e-10)))
    score = nodes.add("Neg", nodes.add("Div", nodes.total(ratios, 1), np.float64(model.n_neighbors_)))
    give_outliers(nodes, nodes.add("Sub", score, np.float64(model.offset_)), "GreaterOrEqual")
