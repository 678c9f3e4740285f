"""Classifiers that skl2onnx does not know: constants, self-training."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes


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
    nodes.give_classes(chances, model.classes_)
