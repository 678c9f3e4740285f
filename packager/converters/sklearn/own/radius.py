"""Neighbours within a radius: every training row is near or is not, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own import neighbours
from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.tensors import Array


def refusal(part: Any) -> str | None:
    reason = neighbours.refusal(part)
    if reason or not hasattr(part, "outlier_label_"):
        return reason
    if np.ndim(part._y) > 1:
        return "with several targets has no form in the graph"
    label = _outlier(part)
    if label is None:
        return "fails for rows without neighbours: give it outlier_label='most_frequent'"
    if label not in list(part.classes_):
        return f"names rows without neighbours {label}, which is none of its classes"
    return None


def _outlier(model: Any) -> Any:
    """scikit-learn holds it as a list of one."""
    label = model.outlier_label_
    return label[0] if isinstance(label, (list, tuple, np.ndarray)) else label


def classifier(nodes: Nodes, model: Any) -> None:
    weights = _weights(nodes, model)
    flags = np.eye(len(model.classes_))[np.asarray(model._y).ravel()]
    votes = nodes.add("MatMul", weights, flags)
    total = nodes.total(votes, 1)
    nobody = nodes.add("Equal", total, np.float64(0))
    outlier = (np.asarray(model.classes_) == _outlier(model)).astype(np.float64)[None]
    shares = nodes.add("Div", votes, nodes.chosen(nobody, np.float64(1), total))
    chances = nodes.chosen(nobody, outlier, shares)
    nodes.give_classes(chances, model.classes_)


def regressor(nodes: Nodes, model: Any) -> None:
    """NaN for rows without neighbours, as the model answers."""
    weights, targets = _weights(nodes, model), np.asarray(model._y, np.float64)
    sums = nodes.add("MatMul", weights, targets.reshape(len(targets), -1))
    nodes.give(nodes.add("Div", sums, nodes.total(weights, 1)))


def _weights(nodes: Nodes, model: Any) -> str:
    """``[batch, training rows]``: what each counts, 0 beyond the radius."""
    points = model._fit_X
    points = np.asarray(points.toarray() if hasattr(points, "toarray") else points, np.float64)
    far = _column_by_column(nodes, nodes.doubles(nodes.given), points, neighbours.power_of(model))
    near = nodes.doubles(nodes.add("LessOrEqual", far, np.float64(model.radius)))
    if model.weights == "uniform":
        return near
    same = nodes.add("Equal", far, np.float64(0))
    met = nodes.doubles(same)
    any_met = nodes.add("Greater", nodes.total(met, 1), np.float64(0))
    return nodes.chosen(any_met, met, nodes.add("Div", near, nodes.chosen(same, np.float64(1), far)))


def _column_by_column(nodes: Nodes, value: str, points: Array, power: float) -> str:
    """Differences are squared, not expanded: whole numbers lie on the radius itself."""
    far = ""
    for at in range(points.shape[1]):
        away = nodes.add("Abs", nodes.add("Sub", nodes.column(value, at), points[None, :, at].copy()))
        if np.isinf(power):
            far = nodes.add("Max", far, away) if far else away
            continue
        raised = away
        if power == 2:
            raised = nodes.add("Mul", away, away)
        elif power != 1:
            raised = nodes.add("Pow", away, np.float64(power))
        far = nodes.add("Add", far, raised) if far else raised
    if power == 2:
        return nodes.add("Sqrt", far)
    return far if power == 1 or np.isinf(power) else nodes.add("Pow", far, np.float64(1 / power))
