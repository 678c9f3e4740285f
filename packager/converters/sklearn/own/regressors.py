"""Regressors that skl2onnx does not know: changed targets, chains, kernels, constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own.functions import undone
from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.parts import kind_of


def changed_target(nodes: Nodes, model: Any) -> None:
    found = nodes.doubles(nodes.predicted(model.regressor_, nodes.given))
    found = undone(nodes, model.transformer_, nodes.shaped(found, 0, -1))
    nodes.give(found)


def chain(nodes: Nodes, model: Any) -> None:
    """Each sees what the ones before it answered."""
    value, made = nodes.doubles(nodes.given), {}
    for part, target in zip(model.estimators_, model.order_):
        made[int(target)] = nodes.shaped(nodes.doubles(nodes.predicted(part, value)), -1, 1)
        value = nodes.add("Concat", value, made[int(target)], axis=1)
    nodes.give(nodes.add("Concat", *(made[target] for target in sorted(made)), axis=1))


def side_by_side(nodes: Nodes, model: Any) -> None:
    """One regressor for each target."""
    made = [nodes.doubles(nodes.predicted(part, nodes.given)) for part in model.estimators_]
    nodes.give(nodes.add("Concat", *(nodes.shaped(one, -1, 1) for one in made), axis=1))


def constant(nodes: Nodes, model: Any) -> None:
    rows = nodes.add("Mul", nodes.column(nodes.doubles(nodes.given), 0), np.float64(0))
    # Zero times a missing value is missing.
    rows = nodes.chosen(nodes.add("IsNaN", rows), np.float64(0), rows)
    nodes.give(nodes.add("Add", rows, np.asarray(model.constant_, np.float64).reshape(1, -1)))


def kernel_ridge(nodes: Nodes, model: Any) -> None:
    points = np.asarray(model.X_fit_, np.float64)
    near = pairwise_kernel(nodes, model, nodes.doubles(nodes.given), points, model.gamma)
    dual = np.asarray(model.dual_coef_, np.float64).reshape(len(points), -1)
    nodes.give(nodes.add("MatMul", near, dual))


def nystroem(nodes: Nodes, model: Any) -> None:
    points = np.asarray(model.components_, np.float64)
    near = pairwise_kernel(nodes, model, nodes.doubles(nodes.given), points, model.gamma)
    nodes.give(nodes.add("MatMul", near, np.asarray(model.normalization_, np.float64).T.copy()))


def pairwise_kernel(nodes: Nodes, model: Any, value: str, points: Any, gamma: Any) -> str:
    """scikit-learn's own kernels, with its own defaults."""
    scale = np.float64(1 / points.shape[1] if gamma is None else gamma)
    degree = np.float64(3 if model.degree is None else model.degree)
    constant_term = np.float64(1 if model.coef0 is None else model.coef0)
    if model.kernel == "rbf":
        return nodes.add("Exp", nodes.add("Mul", nodes.squared_distances(value, points), -scale))
    product = nodes.add("MatMul", value, points.T.copy())
    if model.kernel == "linear":
        return product
    moved = nodes.add("Add", nodes.add("Mul", product, scale), constant_term)
    if model.kernel in ("poly", "polynomial"):
        return nodes.add("Pow", moved, degree)
    if model.kernel == "sigmoid":
        return nodes.add("Tanh", moved)
    raise ConversionError(f"{kind_of(model)} has the kernel {model.kernel!r}, which has no form in the graph")
