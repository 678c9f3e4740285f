"""Gradient boosting from its own trees, whatever it starts from."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.hist_boosting import ensemble
from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.parts import kind_of

_CLIP = float(np.finfo(np.float32).eps)


def regressor(nodes: Nodes, model: Any) -> None:
    nodes.give(raw_scores(nodes, model, nodes.given))


def classifier(nodes: Nodes, model: Any) -> None:
    raw = raw_scores(nodes, model, nodes.given)
    if len(model.classes_) == 2:
        chance = nodes.add(
            "Sigmoid", nodes.add("Mul", raw, np.float64(2 if model.loss == "exponential" else 1))
        )
        chances = nodes.with_the_rest(chance)
    else:
        chances = nodes.add("Softmax", raw, axis=1)
    nodes.give_classes(chances, model.classes_)


def raw_scores(nodes: Nodes, model: Any, given: str) -> str:
    # scikit-learn hands its trees single precision, and compares that with splits in double.
    value = nodes.doubles(nodes.cast(given, np.float32))
    count = int(np.shape(model.estimators_)[1])
    trees = (
        (tree.tree_, at, float(model.learning_rate))
        for row in model.estimators_
        for at, tree in enumerate(row)
    )
    found = nodes.doubles(ensemble(nodes, value, trees, count))
    start = model.init_
    if isinstance(start, str) or kind_of(start) in ("DummyClassifier", "DummyRegressor"):
        constant = np.asarray(
            model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32)), np.float64
        )
        return nodes.add("Add", found, constant)
    return nodes.add("Add", found, _start(nodes, model, start, count, given))


def _start(nodes: Nodes, model: Any, start: Any, count: int, given: str) -> str:
    if not hasattr(model, "classes_"):
        return nodes.shaped(nodes.doubles(nodes.predicted(start, given)), -1, 1)
    chances = nodes.doubles(nodes.probabilities(start, given))
    held = nodes.add("Min", nodes.add("Max", chances, np.float64(_CLIP)), np.float64(1 - _CLIP))
    logs = nodes.add("Log", held)
    if count > 1:
        mean = nodes.add("Div", nodes.total(logs, 1), np.float64(count))
        return nodes.add("Sub", logs, mean)
    odds = nodes.add("Sub", nodes.column(logs, 1), nodes.column(logs, 0))
    return nodes.add("Mul", odds, np.float64(0.5 if model.loss == "exponential" else 1.0))
