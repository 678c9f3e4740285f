"""Decision trees inside models: their split values, and what conversion loses of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from packager.converters.boosting.pipeline import split_values as boosted_splits
from packager.converters.failure import SourceError
from packager.converters.sklearn.parts import kind_of, walk
from packager.converters.tensors import Array


def sklearn_trees(model: Any) -> Iterator[Any]:
    """The ``Tree`` of every decision tree in the model."""
    for part in walk(model):
        tree = getattr(part, "tree_", None)
        if kind_of(tree) == "Tree":
            yield tree


def boosting_nodes(model: Any) -> Iterator[Array]:
    """The node tables of every histogram boosting model."""
    for part in walk(model):
        if kind_of(part).startswith("HistGradientBoosting") and hasattr(part, "_predictors"):
            for iteration in part._predictors:
                yield from (predictor.nodes for predictor in iteration)


def refuse_broken_trees(model: Any) -> None:
    """Compiled code walks these tables without looking: every child and feature must be within them."""
    for tree in sklearn_trees(model):
        if not 0 < tree.node_count <= tree.capacity:
            raise _broken()
        left, right, feature = tree.children_left, tree.children_right, tree.feature
        inner = left >= 0
        _check_tables(tree.node_count, left[inner], right[inner], feature[inner], tree.n_features)
    for part in walk(model):
        if kind_of(part).startswith("HistGradientBoosting") and hasattr(part, "_predictors"):
            for iteration in part._predictors:
                for nodes in (predictor.nodes for predictor in iteration):
                    inner = nodes["is_leaf"] == 0
                    children = nodes["left"][inner], nodes["right"][inner]
                    _check_tables(len(nodes), *children, nodes["feature_idx"][inner], part.n_features_in_)


def _check_tables(count: int, left: Array, right: Array, feature: Array, features: int) -> None:
    for children, limit in ((left, count), (right, count), (feature, features)):
        if len(children) and not (children.min() >= 0 and children.max() < limit):
            raise _broken()


def _broken() -> SourceError:
    return SourceError("The model holds a tree whose nodes point outside of it: the file is damaged")


def split_values(model: Any, column: int) -> Array:
    found = [tree.threshold[tree.feature == column] for tree in sklearn_trees(model)]
    for nodes in boosting_nodes(model):
        inner = (nodes["is_leaf"] == 0) & (nodes["feature_idx"] == column)
        found.append(nodes["num_threshold"][inner])
    found.extend(boosted_splits(part, column) for part in walk(model))
    values = np.concatenate(found) if found else np.array([])
    return values[np.isfinite(values)]


def _rounded_down(values: Array) -> Array:
    single = values.astype(np.float32)
    lower = np.nextafter(single, np.float32(-np.inf))
    return np.where(single.astype(np.float64) > values, lower, single).astype(np.float64)


def drop_hit_rates(graph: Any) -> None:
    """A tenth of a forest's bytes, all ones, which nothing reads."""
    for node in graph.node:
        kept = [attribute for attribute in node.attribute if attribute.name != "nodes_hitrates"]
        if len(kept) < len(node.attribute):
            del node.attribute[:]
            node.attribute.extend(kept)


def mark_missing(graph: Any, model: Any) -> bool:
    """Writes where missing values go into the graph's trees; False if a tree is not recognised."""
    directions: dict[bytes, Array] = {}
    for tree in sklearn_trees(model):
        left = _missing_goes_left(tree)
        if left is None or not np.array_equal(directions.setdefault(_key_of(tree), left), left):
            return False
    if not directions:
        return True
    return all(_mark(node, directions) for node in graph.node if _is_marked_here(node))


def _is_marked_here(node: Any) -> bool:
    """Trees in double precision are histogram boosting's, whose converter knows where missing values go."""
    names = {attribute.name for attribute in node.attribute}
    return bool(node.op_type.startswith("TreeEnsemble")) and "nodes_values" in names


def _missing_goes_left(tree: Any) -> Array | None:
    nodes = tree.__getstate__()["nodes"]
    return nodes["missing_go_to_left"] if "missing_go_to_left" in nodes.dtype.names else None


def _key_of(tree: Any) -> bytes:
    inner = tree.children_left >= 0
    # skl2onnx rounds the split values of these trees down to float32 as it should.
    return _key(np.where(inner, tree.feature, 0), np.where(inner, _rounded_down(tree.threshold), 0))


def _key(features: Array, thresholds: Array) -> bytes:
    single = thresholds.astype(np.float32)
    return features.astype(np.int64).tobytes() + single.tobytes()


def _mark(node: Any, directions: dict[bytes, Array]) -> bool:
    from onnx import helper

    table = {attribute.name: attribute for attribute in node.attribute}
    trees = np.array(table["nodes_treeids"].ints)
    features, values = np.array(table["nodes_featureids"].ints), np.array(table["nodes_values"].floats)
    inner = np.array([mode != b"LEAF" for mode in table["nodes_modes"].strings])
    tracks = np.zeros(len(trees), dtype=np.int64)
    for tree in np.unique(trees):
        mine = trees == tree
        key = _key(np.where(inner[mine], features[mine], 0), np.where(inner[mine], values[mine], 0))
        left = directions.get(key)
        if left is None:
            return False
        tracks[mine] = np.where(inner[mine], left, 0)
    old = table.get("nodes_missing_value_tracks_true")
    if old is not None:
        node.attribute.remove(old)
    node.attribute.append(helper.make_attribute("nodes_missing_value_tracks_true", tracks.tolist()))
    return True
