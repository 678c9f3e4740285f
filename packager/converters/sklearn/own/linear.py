"""Linear models in double precision: regressions with their links, and classifiers with probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scores import decided, linear

REGRESSORS = (
    "ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV",
    "Lasso", "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "LinearRegression",
    "MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV",
    "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "QuantileRegressor", "Ridge", "RidgeCV",
    "SGDRegressor", "TheilSenRegressor",
)  # fmt: skip
GENERALISED = ("GammaRegressor", "PoissonRegressor", "TweedieRegressor")


def regressor(nodes: Nodes, model: Any) -> None:
    nodes.give(linear(nodes, model, nodes.given))


def generalised(nodes: Nodes, model: Any) -> None:
    found = linear(nodes, model, nodes.given)
    nodes.give(nodes.add("Exp", found) if _has_log_link(model) else found)


def _has_log_link(model: Any) -> bool:
    link = getattr(model, "link", "log")
    return link == "log" or (link == "auto" and model.power > 0)


def classifier(nodes: Nodes, model: Any) -> None:
    """Logistic regression, and the discriminant analysis that ends as one."""
    found = linear(nodes, model, nodes.given)
    nodes.give(decided(nodes, found, model.classes_), 0)
    nodes.give(_chances(nodes, model, found), 1)


def _chances(nodes: Nodes, model: Any, found: str) -> str:
    method = getattr(model, "multi_class", "auto")
    if len(model.classes_) == 2:
        chance = nodes.add(
            "Sigmoid", nodes.add("Mul", found, np.float64(2 if method == "multinomial" else 1))
        )
        return nodes.with_the_rest(chance)
    if method in ("ovr", "warn") or getattr(model, "solver", "") == "liblinear":
        return nodes.normalised(nodes.add("Sigmoid", found), "l1")
    return nodes.add("Softmax", found, axis=1)


def descent(nodes: Nodes, model: Any) -> None:
    """``SGDClassifier``: its probabilities are those of one class against the rest, if it has any."""
    found = linear(nodes, model, nodes.given)
    nodes.give(decided(nodes, found, model.classes_), 0)
    nodes.give(_chances_of_descent(nodes, model, found), 1)


def _chances_of_descent(nodes: Nodes, model: Any, found: str) -> str:
    if model.loss == "modified_huber":
        held = nodes.add("Min", nodes.add("Max", found, np.float64(-1)), np.float64(1))
        each = nodes.add("Div", nodes.add("Add", held, np.float64(1)), np.float64(2))
    elif model.loss in ("log", "log_loss"):
        each = nodes.add("Sigmoid", found)
    else:
        return found
    count = len(model.classes_)
    if count == 2:
        return nodes.with_the_rest(each)
    total = nodes.total(each, 1)
    none = nodes.add("Equal", total, np.float64(0))
    shares = nodes.add("Div", each, nodes.chosen(none, np.float64(1), total))
    return nodes.chosen(none, np.float64(1 / count), shares)
