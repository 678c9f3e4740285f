"""Random tree ensembles as ONNX models: all kinds of nodes, ties on thresholds, gaps, edges of floats."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.runtimes.core.engines.tiny.running import model_of

COLUMNS = 3
MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
_NEAR_ONE = [float(np.nextafter(np.float32(1), np.float32(side))) for side in (0, 2)]
VALUES = [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, *_NEAR_ONE, 1e-45, -1e-45, 3.4e38, -3.4e38]
_WEIGHTS = [0.1, 0.25, -0.3, 1.0, 0.0, 1e-3, 7.7, 1e6]


@dataclass(frozen=True)
class Branch:
    """An inner node; leaves are tuples of weights, one for each target."""

    mode: str
    column: int
    values: tuple[float, ...]
    missing: bool
    yes: Any
    no: Any


def trees(targets: int, modes: tuple[str, ...] = MODES, weights: list[float] = _WEIGHTS) -> Any:
    """Nested trees whose leaves weigh every target."""
    leaf = st.tuples(*[st.sampled_from(weights)] * targets)

    def branch(inner: Any) -> Any:
        one = st.sampled_from(VALUES).map(lambda value: (value,))
        asked = st.one_of(
            *(st.tuples(st.just(mode), _members() if mode == "BRANCH_MEMBER" else one) for mode in modes)
        )
        column = st.integers(0, COLUMNS - 1)
        return st.builds(
            lambda asked, column, missing, yes, no: Branch(asked[0], column, asked[1], missing, yes, no),
            asked, column, st.booleans(), inner, inner,
        )  # fmt: skip

    return st.lists(st.recursive(leaf, branch, max_leaves=12), min_size=1, max_size=5)


def _members() -> Any:
    numbers = st.integers(0, 70).map(float)
    return st.lists(numbers, min_size=1, max_size=12, unique=True).map(tuple)


def rows(dtype: Any, whole: bool = False) -> Any:
    """A few rows of values on thresholds, beside them, and of none at all; ``whole``: no fractions."""
    found = [*VALUES, np.nan, np.inf, -np.inf, 0.5, 7.0, 63.0]
    values = st.sampled_from(
        [value for value in found if not whole or value % 1 == 0 or not np.isfinite(value)]
    )
    row = st.lists(values, min_size=COLUMNS, max_size=COLUMNS)
    return st.lists(row, min_size=1, max_size=6).map(lambda found: np.array(found, dtype=dtype))


@dataclass
class _Table:
    nodes: dict[str, list[Any]] = field(default_factory=dict)
    leaves: dict[str, list[Any]] = field(default_factory=dict)

    def node(self, **row: Any) -> None:
        for name, value in row.items():
            self.nodes.setdefault(name, []).append(value)

    def leaf(self, **row: Any) -> None:
        for name, value in row.items():
            self.leaves.setdefault(name, []).append(value)


def regressor(ensemble: list[Any], targets: int, double: bool, **attributes: Any) -> Any:
    """A model of one TreeEnsembleRegressor."""
    table = _written(ensemble, range(targets))
    leaves = {f"target_{name}": column for name, column in table.leaves.items()}
    return model_with(
        "TreeEnsembleRegressor", ["Y"], double, {**table.nodes, **leaves, "n_targets": targets, **attributes}
    )


def classifier(ensemble: list[Any], weighed: int, double: bool, **attributes: Any) -> Any:
    """A model of one TreeEnsembleClassifier, whose leaves weigh the first classes."""
    table = _written(ensemble, range(weighed))
    leaves = {f"class_{name}": column for name, column in table.leaves.items()}
    return model_with("TreeEnsembleClassifier", ["L", "Y"], double, {**table.nodes, **leaves, **attributes})


def _written(ensemble: list[Any], targets: Any) -> _Table:
    table = _Table()

    def write(tree: int, node: Any, at: int) -> int:
        """The place behind the node and all under it."""
        key = {"nodes_treeids": tree, "nodes_nodeids": at}
        if isinstance(node, tuple):
            table.node(
                **key, nodes_modes="LEAF", nodes_featureids=0, nodes_values=0.0, nodes_truenodeids=0,
                nodes_falsenodeids=0, nodes_missing_value_tracks_true=0,
            )  # fmt: skip
            for target, weight in zip(targets, node, strict=True):
                table.leaf(treeids=tree, nodeids=at, ids=target, weights=weight)
            return at + 1
        place = len(table.nodes.setdefault("nodes_falsenodeids", []))
        table.node(
            **key, nodes_modes=node.mode, nodes_featureids=node.column, nodes_values=node.values[0],
            nodes_truenodeids=at + 1, nodes_falsenodeids=0,
            nodes_missing_value_tracks_true=int(node.missing),
        )  # fmt: skip
        following = write(tree, node.yes, at + 1)
        table.nodes["nodes_falsenodeids"][place] = following
        return write(tree, node.no, following)

    for number, tree in enumerate(ensemble):
        write(number, tree, 0)
    return table


_DOUBLED = ("nodes_values", "target_weights", "class_weights", "base_values")


def model_with(kind: str, outputs: list[str], double: bool, attributes: dict[str, Any]) -> Any:
    """A model of one node with these attributes; with ``double`` they stand in tensors where they may."""
    if double:
        attributes = {
            f"{name}_as_tensor" if name in _DOUBLED else name: (
                numpy_helper.from_array(np.array(value, dtype=np.float64)) if name in _DOUBLED else value
            )
            for name, value in attributes.items()
        }
    node = helper.make_node(kind, ["X"], outputs, domain="ai.onnx.ml", **attributes)
    taken = TensorProto.DOUBLE if double else TensorProto.FLOAT
    given = {"L": TensorProto.INT64, "Y": TensorProto.FLOAT}
    return model_of(
        [node],
        [helper.make_tensor_value_info("X", taken, [None, COLUMNS])],
        [helper.make_tensor_value_info(name, given[name], None) for name in outputs],
    )


def version_5(ensemble: list[Any], targets: int, double: bool, **attributes: Any) -> Any:
    """A model of one TreeEnsemble of ai.onnx.ml 5, whose trees weigh the targets in turn."""
    dtype, taken = (np.float64, TensorProto.DOUBLE) if double else (np.float32, TensorProto.FLOAT)
    nodes: list[dict[str, Any]] = []
    leaves: list[tuple[int, float]] = []
    members: list[float] = []

    def write(node: Any, target: int) -> tuple[int, bool]:
        if isinstance(node, tuple):
            leaves.append((target, node[0]))
            return len(leaves) - 1, True
        place = len(nodes)
        nodes.append({})
        if node.mode == "BRANCH_MEMBER":
            members.extend([*node.values, float("nan")])
        (yes, yes_leaf), (no, no_leaf) = write(node.yes, target), write(node.no, target)
        nodes[place] = {
            "featureids": node.column, "splits": node.values[0], "truenodeids": yes, "falsenodeids": no,
            "trueleafs": int(yes_leaf), "falseleafs": int(no_leaf),
            "modes": (*MODES, "BRANCH_MEMBER").index(node.mode),
            "missing_value_tracks_true": int(node.missing),
        }  # fmt: skip
        return place, False

    roots = []
    for number, tree in enumerate(ensemble):
        # A tree of one leaf is a node whose children are both that leaf.
        rooted = Branch("BRANCH_LEQ", 0, (0.0,), False, tree, tree) if isinstance(tree, tuple) else tree
        roots.append(write(rooted, number % targets)[0])
    columns: dict[str, Any] = {f"nodes_{name}": [node[name] for node in nodes] for name in nodes[0]}
    columns["nodes_splits"] = numpy_helper.from_array(np.array(columns["nodes_splits"], dtype=dtype))
    columns["nodes_modes"] = numpy_helper.from_array(np.array(columns["nodes_modes"], dtype=np.uint8))
    if members:
        columns["membership_values"] = numpy_helper.from_array(np.array(members, dtype=dtype))
    node = helper.make_node(
        "TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=targets, tree_roots=roots,
        leaf_targetids=[target for target, _ in leaves],
        leaf_weights=numpy_helper.from_array(np.array([weight for _, weight in leaves], dtype=dtype)),
        **columns, **attributes,
    )  # fmt: skip
    ends = [
        helper.make_tensor_value_info(name, taken, shape)
        for name, shape in (("X", [None, COLUMNS]), ("Y", None))
    ]
    return model_of([node], ends[:1], ends[1:], ml=5)
