"""Classifiers that skl2onnx does not know: nearest centres, constants, self-training, codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes


def nearest_centre(nodes: Nodes, model: Any) -> None:
    """The label alone counts; the second output is how near each centre is."""
    centres, value = np.asarray(model.centroids_, np.float64), nodes.doubles(nodes.given)
    if model.metric == "manhattan":
        away = nodes.add("Sub", nodes.add("Unsqueeze", value, np.array([1], np.int64)), centres[None])
        far = nodes.total(nodes.add("Abs", away), 2, keep=False)
    else:
        far = nodes.squared_distances(value, centres)
    near = nodes.add("Neg", far)
    nodes.give(nodes.named(nodes.first_of_the_largest(near), model.classes_), 0)
    nodes.give(near, 1)


def constant(nodes: Nodes, model: Any) -> None:
    """``DummyClassifier``: what it says of any row."""
    any_row = np.zeros((1, int(model.n_features_in_)))
    chances = np.asarray(model.predict_proba(any_row), np.float64)
    place = int(np.flatnonzero(np.asarray(model.classes_) == model.predict(any_row)[0])[0])
    rows = nodes.add("Shape", nodes.given, start=0, end=1)
    nodes.give(nodes.named(nodes.add("Expand", np.array([place], np.int64), rows), model.classes_), 0)
    shape = nodes.add("Concat", rows, np.array([chances.shape[1]], np.int64), axis=0)
    nodes.give(nodes.add("Expand", chances, shape), 1)


def inner(nodes: Nodes, model: Any) -> None:
    """``SelfTrainingClassifier``: after the training, the classifier within."""
    part = getattr(model, "estimator_", None) or model.base_estimator_
    chances = nodes.probabilities(part, nodes.given)
    nodes.give(nodes.named(nodes.first_of_the_largest(chances), model.classes_), 0)
    nodes.give(chances, 1)
