"""Classifiers without probabilities, and outlier detectors: their decision and its scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scores import (
    SUPPORT_VECTORS,
    decided,
    has_scores,
    pairs_of_support,
    pairwise,
    scores,
    support,
)
from packager.converters.sklearn.parts import kind_of


def gives_scores(model: Any) -> bool:
    """Whether its decision function is an output: where there are no probabilities, and it can be written."""
    from sklearn.base import is_classifier

    if kind_of(model) == "Scored":
        return True
    probable = hasattr(model, "predict_proba") or not hasattr(model, "decision_function")
    return bool(is_classifier(model)) and not probable and has_scores(model)


class Scored(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Stands for a classifier whose second output is its decision function."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def classes_(self) -> Any:
        return self.estimator.classes_

    @classes_.setter
    def classes_(self, classes: Any) -> None:
        """One against the rest asks its binarizer for the classes; it has no use for others."""
        self.__dict__["named"] = classes

    @property
    def n_features_in_(self) -> int:
        return int(self.estimator.n_features_in_)


def classifier(nodes: Nodes, model: Scored) -> None:
    inner, classes = model.estimator, model.__dict__.get("named", model.estimator.classes_)
    nodes.give(label_by_scores(nodes, inner, nodes.given, classes), 0)
    nodes.give(scores(nodes, inner, nodes.given), 1)


def label_by_scores(nodes: Nodes, inner: Any, value: str, classes: Any) -> str:
    """What it decides for. Support vectors count votes of pairs, whatever their decision function adds."""
    if kind_of(inner) in SUPPORT_VECTORS and len(classes) > 2 and not inner.break_ties:
        pairs = nodes.add("Neg", pairs_of_support(nodes, inner, value))
        return nodes.named(nodes.first_of_the_largest(pairwise(nodes, pairs, len(classes))[0]), classes)
    return decided(nodes, scores(nodes, inner, value), classes)


def outlier_vectors(nodes: Nodes, model: Any) -> None:
    give_outliers(nodes, support(nodes, model, nodes.given), "Greater")


def outlier_line(nodes: Nodes, model: Any) -> None:
    """A linear one-class machine."""
    product = nodes.add(
        "MatMul", nodes.doubles(nodes.given), np.asarray(model.coef_, np.float64).reshape(-1, 1)
    )
    give_outliers(nodes, nodes.add("Sub", product, np.asarray(model.offset_, np.float64)), "GreaterOrEqual")


def outlier_ellipse(nodes: Nodes, model: Any) -> None:
    """The distance from the centre, measured by the covariance."""
    away = nodes.add("Sub", nodes.doubles(nodes.given), np.asarray(model.location_, np.float64))
    turned = nodes.add("MatMul", away, np.asarray(model.get_precision(), np.float64))
    distance = nodes.total(nodes.add("Mul", turned, away), 1)
    found = nodes.add("Sub", nodes.add("Neg", distance), np.float64(model.offset_))
    give_outliers(nodes, found, "GreaterOrEqual")


def give_outliers(nodes: Nodes, found: str, inlier: str) -> None:
    inside = nodes.cast(nodes.add(inlier, found, np.float64(0)), np.int64)
    label = nodes.add("Sub", nodes.add("Mul", inside, np.int64(2)), np.int64(1))
    nodes.give(nodes.shaped(label, -1), 0)
    nodes.give(found, 1)


def regressor_vectors(nodes: Nodes, model: Any) -> None:
    nodes.give(support(nodes, model, nodes.given))
