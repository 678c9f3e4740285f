"""The nearest of some centres: clusters, classes, and code words, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scores import has_scores, scores
from packager.converters.tensors import Array

CLUSTERERS = ("Birch", "BisectingKMeans", "KMeans", "MiniBatchKMeans")


class ClusterDistances(BaseEstimator):  # type: ignore[misc]
    """What a clusterer before an estimator becomes in the copy that is converted: its distances alone."""


class PooledColumns(BaseEstimator):  # type: ignore[misc]
    """What a clusterer of columns becomes in the copy that is converted."""


def distances(nodes: Nodes, part: Any) -> None:
    centres = getattr(part, "subcluster_centers_", None)
    centres = part.cluster_centers_ if centres is None else centres
    far = nodes.squared_distances(nodes.doubles(nodes.given), np.asarray(centres, np.float64))
    nodes.give(nodes.add("Sqrt", far))


def clusters(nodes: Nodes, model: Any) -> None:
    """``MeanShift`` and ``AffinityPropagation``."""
    far = nodes.squared_distances(nodes.doubles(nodes.given), np.asarray(model.cluster_centers_, np.float64))
    nodes.give(nodes.add("ArgMin", far, axis=1, keepdims=0), 0)
    nodes.give(far, 1)


def grouped_clusters(nodes: Nodes, model: Any) -> None:
    """``Birch``: each of its many centres belongs to a cluster."""
    centres = np.asarray(model.subcluster_centers_, np.float64)
    far = nodes.squared_distances(nodes.doubles(nodes.given), centres)
    nearest = nodes.add("ArgMin", far, axis=1, keepdims=0)
    nodes.give(nodes.add("Gather", np.asarray(model.subcluster_labels_, np.int64), nearest, axis=0), 0)
    nodes.give(far, 1)


def halved_clusters(nodes: Nodes, model: Any) -> None:
    """``BisectingKMeans``: at each fork the nearer of two centres."""
    value, moved = nodes.doubles(nodes.given), getattr(model, "_X_mean", 0.0)
    label = _side(nodes, value, model._bisecting_tree, moved)
    nodes.give(nodes.shaped(label, -1), 0)
    nodes.give(nodes.squared_distances(value, np.asarray(model.cluster_centers_, np.float64)), 1)


def _side(nodes: Nodes, value: str, fork: Any, moved: Any) -> str:
    if fork.left is None:
        return nodes.constant(np.array([[fork.label]], np.int64))
    centres = np.stack([np.asarray(side.center, np.float64) + moved for side in (fork.left, fork.right)])
    far = nodes.squared_distances(value, centres)
    left = nodes.add("LessOrEqual", nodes.column(far, 0), nodes.column(far, 1))
    return nodes.chosen(left, _side(nodes, value, fork.left, moved), _side(nodes, value, fork.right, moved))


def classifier(nodes: Nodes, model: Any) -> None:
    """``NearestCentroid``: with even classes by the distance alone, else by what its density says."""
    value, centres = nodes.doubles(nodes.given), np.asarray(model.centroids_, np.float64)
    prior = np.asarray(getattr(model, "class_prior_", np.ones(len(centres)) / len(centres)), np.float64)
    spread = np.asarray(getattr(model, "within_class_std_dev_", 1.0), np.float64)
    spread = np.broadcast_to(np.where(spread == 0, 1.0, spread), centres.shape[1])
    far = _far(nodes, model.metric, nodes.add("Div", value, spread), centres / spread)
    density = nodes.add("Sub", 2.0 * np.log(prior)[None], nodes.add("Mul", far, far))
    if np.isclose(prior, 1 / len(centres)).all():
        place = nodes.add("ArgMin", _far(nodes, model.metric, value, centres), axis=1, keepdims=0)
    else:
        place = nodes.first_of_the_largest(density)
    nodes.give(nodes.named(place, model.classes_), 0)
    nodes.give(nodes.add("Softmax", density, axis=1), 1)


def _far(nodes: Nodes, metric: str, value: str, centres: Array) -> str:
    if metric == "euclidean":
        return nodes.add("Sqrt", nodes.squared_distances(value, centres))
    away = nodes.add("Sub", nodes.add("Unsqueeze", value, np.array([1], np.int64)), centres[None])
    return nodes.total(nodes.add("Abs", away), 2, keep=False)


def code_words(nodes: Nodes, model: Any) -> None:
    """``OutputCodeClassifier``: the class whose code is nearest to what each estimator says."""
    said = [_said(nodes, part) for part in model.estimators_]
    together = nodes.beside(said)
    far = nodes.squared_distances(together, np.asarray(model.code_book_, np.float64))
    nodes.give(nodes.named(nodes.add("ArgMin", far, axis=1, keepdims=0), model.classes_), 0)
    nodes.give(far, 1)


def _said(nodes: Nodes, part: Any) -> str:
    """Its decision if it has one, else the probability of the second class."""
    if has_scores(part) and hasattr(part, "decision_function"):
        return nodes.shaped(scores(nodes, part, nodes.given), -1, 1)
    return nodes.column(nodes.doubles(nodes.probabilities(part, nodes.given)), 1)
