"""Reads the attributes of tree ensembles: the tables of ai.onnx.ml 1 and 3, and those of 5."""

import math
from itertools import groupby
from typing import Any

import numpy as np

from packager.converters.tiny.forest import Ensemble, Weights
from packager.converters.tiny.node import Array, Node, UncoveredError
from packager.converters.tiny.questions import Asked

_NODES = ("featureids", "modes", "truenodeids", "falsenodeids", "nodeids", "treeids")
_READ = (
    *(f"nodes_{name}" for name in (*_NODES, "values", "values_as_tensor", "missing_value_tracks_true")),
    "nodes_hitrates", "nodes_hitrates_as_tensor", "base_values", "base_values_as_tensor",
    "post_transform", "aggregate_function", "n_targets", "classlabels_int64s", "classlabels_strings",
)  # fmt: skip
_READ_5 = (
    "nodes_splits", "nodes_trueleafs", "nodes_falseleafs", "tree_roots", "membership_values",
    "leaf_targetids", "leaf_weights",
)  # fmt: skip
_MODES_5 = (
    "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER"
)  # fmt: skip


def read_table(node: Node, leaf: str) -> Ensemble:
    """TreeEnsembleRegressor and TreeEnsembleClassifier; their leaves' columns begin with ``leaf``."""
    own = ("ids", "nodeids", "treeids", "weights", "weights_as_tensor")
    node.only(**dict.fromkeys((*_READ, *(f"{leaf}_{name}" for name in own)), ...))
    modes, features, yes, no, ids, trees = (
        node.attribute(f"nodes_{name}", [])
        for name in ("modes", "featureids", "truenodeids", "falsenodeids", "nodeids", "treeids")
    )
    modes = [mode.decode() if isinstance(mode, bytes) else mode for mode in modes]
    single = node.input(0).dtype != "float64"
    values = _numbers(node, "nodes_values", single)
    missing = node.attribute("nodes_missing_value_tracks_true", []) or [0] * len(ids)
    if len({len(column) for column in (modes, features, yes, no, ids, trees, values, missing)}) != 1:
        raise UncoveredError("trees with columns of different lengths")
    places = {key: at for at, key in enumerate(zip(trees, ids, strict=True))}
    if len(places) != len(ids):
        raise UncoveredError("trees with two nodes of one name")
    nodes: list[Asked | None] = []
    for at, mode in enumerate(modes):
        if mode == "LEAF":
            nodes.append(None)
            continue
        following = [places.get((trees[at], child)) for child in (yes[at], no[at])]
        if None in following or features[at] < 0:
            raise UncoveredError("trees with a child or a column that is not there")
        nodes.append(
            Asked(mode, features[at], (values[at],), following[0], following[1], missing[at] == 1)  # type: ignore[arg-type]
        )
    return Ensemble(
        nodes,
        _leaves(node, leaf, places, single),
        [next(run)[0] for _, run in groupby(enumerate(trees), key=lambda entry: entry[1])],
        _targets(node, leaf),
        tuple(_numbers(node, "base_values", single)),
        single,
    )


def _targets(node: Node, leaf: str) -> int:
    if leaf == "target":
        return int(node.attribute("n_targets", 1))
    return len(node.attribute("classlabels_int64s", []) or node.attribute("classlabels_strings", []))


def _leaves(node: Node, leaf: str, places: dict[Any, int], single: bool) -> dict[int, Weights]:
    trees, ids, targets = (node.attribute(f"{leaf}_{name}", []) for name in ("treeids", "nodeids", "ids"))
    weights = _numbers(node, f"{leaf}_weights", single)
    if len({len(column) for column in (trees, ids, targets, weights)}) != 1:
        raise UncoveredError("leaves with columns of different lengths")
    found: dict[int, list[tuple[int, float]]] = {}
    count = _targets(node, leaf)
    for key, target, weight in zip(zip(trees, ids, strict=True), targets, weights, strict=True):
        if key not in places or not 0 <= target < count:
            raise UncoveredError("leaves of a node or a target that is not there")
        found.setdefault(places[key], []).append((target, weight))
    return checked(found)


def checked(found: dict[int, list[tuple[int, float]]]) -> dict[int, Weights]:
    """The leaves' weights, none of them twice and all of them numbers."""
    for pairs in found.values():
        if len({target for target, _ in pairs}) != len(pairs):
            raise UncoveredError("leaves with two weights for one target")
        if not all(np.isfinite(weight) for _, weight in pairs):
            raise UncoveredError("leaves whose weights are no numbers")
    return {place: tuple(pairs) for place, pairs in found.items()}


def _numbers(node: Node, name: str, single: bool) -> list[float]:
    """Of the two attributes for one column the one that is there, as numbers of the ensemble's precision."""
    stored: Array | list[float] | None = node.attribute(f"{name}_as_tensor")
    if stored is None:
        stored = node.attribute(name, [])
    array = np.asarray(stored)
    if single and array.dtype == np.float64 and f"{name}_as_tensor" in node.attributes:
        raise UncoveredError(f"{node.kind} in double precision of {node.input(0).dtype}")
    found: list[float] = array.astype(np.float32 if single else np.float64).reshape(-1).tolist()
    return found


def read_version_5(node: Node) -> Ensemble:
    """TreeEnsemble: leaves in a table of their own, members one list after the other, between NaN."""
    node.only(**dict.fromkeys((*_READ, *_READ_5), ...))
    single = node.input(0).dtype != "float64"
    modes = [_mode(number) for number in np.asarray(node.attribute("nodes_modes")).tolist()]
    splits = np.asarray(node.attribute("nodes_splits")).tolist()
    members = iter(_member_lists(node.attribute("membership_values")))
    missing = node.attribute("nodes_missing_value_tracks_true", []) or [0] * len(modes)
    count = len(modes)

    def child(side: str, at: int) -> int:
        """Leaves stand behind the inner nodes."""
        place: int = node.attribute(f"nodes_{side}nodeids")[at]
        limit = len(node.attribute("leaf_weights")) if node.attribute(f"nodes_{side}leafs")[at] else count
        if not 0 <= place < limit:
            raise UncoveredError("trees with a child that is not there")
        return count + place if node.attribute(f"nodes_{side}leafs")[at] else place

    nodes: list[Asked | None] = []
    for at, mode in enumerate(modes):
        values = next(members, ()) if mode == "BRANCH_MEMBER" else (splits[at],)
        column = node.attribute("nodes_featureids")[at]
        yes, no = child("true", at), child("false", at)
        # A tree of one leaf is a node both of whose children are that leaf.
        nodes.append(Asked(mode, column, values, yes, no, missing[at] == 1))
    targets = node.attribute("leaf_targetids")
    weights = np.asarray(node.attribute("leaf_weights")).tolist()
    if len(targets) != len(weights) or not all(
        0 <= target < node.attribute("n_targets", 0) for target in targets
    ):
        raise UncoveredError("leaves of a target that is not there")
    leaves = {count + at: [pair] for at, pair in enumerate(zip(targets, weights, strict=True))}
    return Ensemble(
        nodes + [None] * len(weights), checked(leaves), list(node.attribute("tree_roots")),
        int(node.attribute("n_targets", 0)), (), single,
    )  # fmt: skip


def _mode(number: int) -> str:
    if not 0 <= number < len(_MODES_5):
        raise UncoveredError(f"trees with nodes of the mode {number}")
    return _MODES_5[number]


def _member_lists(values: Array | None) -> list[tuple[float, ...]]:
    found: list[list[float]] = [[]]
    for value in [] if values is None else np.asarray(values).tolist():
        if math.isnan(value):
            found.append([])
        else:
            found[-1].append(value)
    return [tuple(members) for members in found]
