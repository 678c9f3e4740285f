"""Flat trees as one ONNX tree ensemble that compares and adds in double precision, or in single.

The engine compares and adds in the type of its tables, which is that of its input; of doubles only the sum is
rounded to single precision. With one thread it adds the trees in their order.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from packager.converters.tensors import Array
from packager.converters.trees.flat import LEAF, MEMBER, Tree, Trees

ML = "ai.onnx.ml"


class _Nodes(NamedTuple):
    """Rows of the operator's node table."""

    ids: Array
    features: Array
    modes: Array
    values: Array
    yes: Array
    no: Array
    missing: Array


def ensemble_attributes(trees: Trees, base: Array, *, double: bool) -> dict[str, Any]:
    """What TreeEnsembleRegressor of ai.onnx.ml 3 takes; ``base`` is added to the sum of each target."""
    from onnx import helper

    tables = [_nodes(tree) for tree in trees.trees]
    tree_ids = np.repeat(np.arange(len(tables)), [len(table.ids) for table in tables])
    columns = _Nodes(*(np.concatenate(column) for column in zip(*tables, strict=True)))
    leaves = list(_leaves(trees))
    leaf_trees, leaf_nodes, leaf_targets, leaf_values = (
        np.concatenate(part) for part in zip(*leaves, strict=True)
    )

    def numbers(name: str, values: Array) -> dict[str, Any]:
        if not double:
            return {name: values.astype(np.float32).tolist()}
        kind = helper.TensorProto.DOUBLE
        return {f"{name}_as_tensor": helper.make_tensor(name, kind, [len(values)], values.astype(np.float64))}

    return {
        "n_targets": len(base),
        "nodes_treeids": tree_ids.tolist(),
        "nodes_nodeids": columns.ids.tolist(),
        "nodes_featureids": columns.features.tolist(),
        "nodes_modes": columns.modes.tolist(),
        **numbers("nodes_values", columns.values),
        "nodes_truenodeids": columns.yes.tolist(),
        "nodes_falsenodeids": columns.no.tolist(),
        "nodes_missing_value_tracks_true": columns.missing.tolist(),
        "target_treeids": leaf_trees.tolist(),
        "target_nodeids": leaf_nodes.tolist(),
        "target_ids": leaf_targets.tolist(),
        **numbers("target_weights", leaf_values),
        **numbers("base_values", np.asarray(base)),
    }


def _leaves(trees: Trees) -> Iterator[tuple[Array, Array, Array, Array]]:
    for number, (tree, target) in enumerate(zip(trees.trees, trees.targets, strict=True)):
        places = np.flatnonzero(tree.asks == LEAF)
        width = tree.values.shape[1]
        nodes = np.repeat(places, width)
        targets = np.tile(np.arange(target, target + width), len(places))
        yield np.full(len(nodes), number), nodes, targets, tree.values[places].ravel()


_MODES = np.array(["LEAF", "BRANCH_LT", "BRANCH_LEQ", "BRANCH_EQ"], dtype=object)


def _nodes(tree: Tree) -> _Nodes:
    leaf = tree.asks == LEAF
    plain = _Nodes(
        np.arange(len(tree)),
        tree.feature,
        _MODES[tree.asks],
        tree.threshold,
        np.where(leaf, 0, tree.yes),
        np.where(leaf, 0, tree.no),
        tree.missing_yes.astype(np.int64),
    )
    return _with_members(tree, plain) if tree.members else plain


def _with_members(tree: Tree, plain: _Nodes) -> _Nodes:
    """A question for membership becomes a chain of them: the first in its place, the others at the end."""
    rows = [list(row) for row in zip(*plain, strict=True)]
    for node in np.flatnonzero(tree.asks == MEMBER):
        feature, yes, no = int(tree.feature[node]), int(tree.yes[node]), int(tree.no[node])
        chain = _chain(tree.members[int(node)], yes, no, tree.missing_yes[node])
        for at, (mode, value, target, missing) in enumerate(chain):
            here = int(node) if at == 0 else len(rows)
            last = at == len(chain) - 1
            after = no if last else len(rows) + (at > 0)
            row = [here, feature, mode, value, target, after, int(missing)]
            if at == 0:
                rows[here] = row
            else:
                rows.append(row)
    columns = [list(column) for column in zip(*rows, strict=True)]
    return _Nodes(*(np.array(column, dtype=object if at == 2 else None) for at, column in enumerate(columns)))


def _chain(
    members: tuple[int, ...], yes: int, no: int, missing_yes: bool
) -> list[tuple[str, float, int, bool]]:
    """Questions whose yes leaves the chain and whose no goes on: so alone the engine shares children.

    One question for each member, or two for each run of members that follow each other.
    """
    if not members:
        return [("BRANCH_EQ", float("inf"), yes, missing_yes)]
    runs = _runs(members)
    if 2 * len(runs) >= len(members):
        return [("BRANCH_EQ", float(member), yes, missing_yes) for member in members]
    asked: list[tuple[str, float, int, bool]] = []
    for low, high in runs:
        asked.append(("BRANCH_LT", float(low), no, False))
        asked.append(("BRANCH_LEQ", float(high), yes, missing_yes))
    return asked


def _runs(members: tuple[int, ...]) -> list[tuple[int, int]]:
    values = np.array(members)
    breaks = np.flatnonzero(np.diff(values) > 1)
    return list(
        zip(
            values[np.r_[0, breaks + 1]].tolist(),
            values[np.r_[breaks, len(values) - 1]].tolist(),
            strict=True,
        )
    )
