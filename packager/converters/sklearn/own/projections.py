"""Steps that are one product of matrices: projections, mixtures of sources, groups of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.tensors import Array


def refusal(part: Any) -> str | None:
    """Groups of columns are a product only where they are pooled by their mean."""
    if part.pooling_func is np.mean:
        return None
    return "pools columns by another function than numpy.mean, which has no form in the graph"


def projected(nodes: Nodes, part: Any) -> None:
    """``TruncatedSVD`` and random projections."""
    _give_product(nodes, _dense(part.components_).T)


def independent(nodes: Nodes, part: Any) -> None:
    """``FastICA``."""
    _give_product(nodes, _dense(part.components_).T, part.mean_ if part.whiten else None)


def factors(nodes: Nodes, part: Any) -> None:
    """``FactorAnalysis``."""
    loadings = _dense(part.components_)
    scaled = loadings / np.asarray(part.noise_variance_, np.float64)
    covariance = np.linalg.inv(np.eye(len(loadings)) + scaled @ loadings.T)
    _give_product(nodes, scaled.T @ covariance, part.mean_)


def pooled(nodes: Nodes, part: Any) -> None:
    """``FeatureAgglomeration``: the mean of each group of columns."""
    flags = np.asarray(part.labels_)[:, None] == np.arange(int(part.n_clusters_))[None]
    _give_product(nodes, flags / flags.sum(axis=0, keepdims=True))


def _give_product(nodes: Nodes, matrix: Array, mean: Any = None) -> None:
    value = nodes.doubles(nodes.given)
    if mean is not None:
        value = nodes.add("Sub", value, np.asarray(mean, np.float64))
    nodes.give(nodes.add("MatMul", value, np.ascontiguousarray(matrix, np.float64)))


def _dense(values: Any) -> Array:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, np.float64)
