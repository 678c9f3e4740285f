"""Stacks: an estimator over what others say of a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scored import label_by_scores
from packager.converters.sklearn.own.scores import has_scores, scores


def classifier(nodes: Nodes, model: Any) -> None:
    together, last = _said(nodes, model), model.final_estimator_
    if not hasattr(last, "predict_proba") and has_scores(last):
        nodes.give(label_by_scores(nodes, last, together, model.classes_), 0)
        nodes.give(scores(nodes, last, together), 1)
        return
    chances = nodes.probabilities(last, together)
    nodes.give_classes(chances, model.classes_)


def regressor(nodes: Nodes, model: Any) -> None:
    nodes.give(nodes.predicted(model.final_estimator_, _said(nodes, model)))


def _said(nodes: Nodes, model: Any) -> str:
    """The answers side by side; of two probabilities that of the second class is enough."""
    said = []
    for part, method in zip(model.estimators_, model.stack_method_):
        if method == "predict_proba":
            chances = nodes.doubles(nodes.probabilities(part, nodes.given))
            said.append(nodes.column(chances, 1) if len(part.classes_) == 2 else chances)
        elif method == "decision_function":
            said.append(scores(nodes, part, nodes.given))
        elif hasattr(part, "classes_"):
            said.append(nodes.shaped(nodes.doubles(nodes.label(part, nodes.given)), -1, 1))
        else:
            said.append(nodes.shaped(nodes.doubles(nodes.predicted(part, nodes.given)), -1, 1))
    if model.passthrough:
        said.append(nodes.doubles(nodes.given))
    return nodes.beside(said)


def mean(nodes: Nodes, model: Any) -> None:
    """``VotingRegressor``: the mean of all, by their weights."""
    weights = np.asarray(model._weights_not_none or [1.0] * len(model.estimators_), np.float64)
    each = [
        nodes.shaped(nodes.doubles(nodes.predicted(part, nodes.given)), -1, 1) for part in model.estimators_
    ]
    shares = zip(each, weights / weights.sum())
    nodes.give(nodes.summed([nodes.add("Mul", said, np.float64(share)) for said, share in shares]))
