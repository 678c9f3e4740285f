"""Tree ensembles as TFLite operators: each kind of question, missing values, the rules for scores."""

from typing import Any

import numpy as np
import onnx
import pytest

from packager.converters.tensors import Array
from packager.converters.tflite.lowering.graph import lower
from packager.converters.tflite.lowering.kit import UncoveredError
from tests.converters.tflite.lowered import Named, assert_alike, both, graph, ml, signature

X: Named = {"X": ("float32", ["batch", 2])}
# At thresholds, beside them, missing, and far away.
HALF = np.float32(0.5)
ABOVE, BELOW = np.nextafter(HALF, np.float32(1)), np.nextafter(HALF, np.float32(0))
VALUES = np.array([HALF, ABOVE, BELOW, 2.0, -1.0, np.nan, 0.0, 3e38, -3e38], np.float32)
ROWS = np.array([[a, b] for a in VALUES for b in VALUES], np.float32)


def tree(modes: list[str], tracks: list[int], thresholds: list[float]) -> dict[str, Any]:
    """A root that asks for column 0, and below it two nodes that ask for column 1, with four leaves."""
    return {
        "nodes_treeids": [0] * 7,
        "nodes_nodeids": list(range(7)),
        "nodes_featureids": [0, 1, 1, 0, 0, 0, 0],
        "nodes_modes": [*modes, *["LEAF"] * 4],
        "nodes_values": [*thresholds, 0.0, 0.0, 0.0, 0.0],
        "nodes_truenodeids": [1, 3, 5, 0, 0, 0, 0],
        "nodes_falsenodeids": [2, 4, 6, 0, 0, 0, 0],
        "nodes_missing_value_tracks_true": [*tracks, 0, 0, 0, 0],
    }


def regressor(given: dict[str, Any], **more: Any) -> Any:
    leaves = {
        "target_treeids": [0] * 4,
        "target_nodeids": [3, 4, 5, 6],
        "target_ids": [0] * 4,
        "target_weights": [1.0, 2.0, 4.0, 8.0],
        "n_targets": 1,
    }
    return ml("TreeEnsembleRegressor", ["X"], ["y"], **{**given, **leaves, **more})


def answers(node: Any, outputs: Named, rows: Array = ROWS) -> list[tuple[Array, Array]]:
    return both([node], X, outputs, {"X": rows})


@pytest.mark.parametrize("tracks", [0, 1])
@pytest.mark.parametrize(
    "mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE", "BRANCH_EQ", "BRANCH_NEQ"]
)
def test_a_branch_asks_as_in_onnx_runtime(mode: str, tracks: int) -> None:
    node = regressor(tree([mode] * 3, [tracks] * 3, [0.5, 2.0, 0.5]))
    assert_alike(answers(node, {"y": ("float32", ["batch", 1])}), 0)


def test_several_trees_of_several_depths_are_added_with_the_base_value() -> None:
    deep = list(range(7))
    given = tree(["BRANCH_LEQ", "BRANCH_LT", "BRANCH_LEQ"], [0, 1, 0], [0.5, 2.0, 0.5])
    node = regressor(
        {
            "nodes_treeids": [0] * 7 + [1],
            "nodes_nodeids": [*deep, 0],
            **{
                name: [*values, "LEAF" if name == "nodes_modes" else 0]
                for name, values in given.items()
                if name not in ("nodes_treeids", "nodes_nodeids")
            },
        },
        target_treeids=[0, 0, 0, 0, 1],
        target_nodeids=[3, 4, 5, 6, 0],
        target_ids=[0] * 5,
        target_weights=[1.0, 2.0, 4.0, 8.0, 100.0],
        base_values=[0.25],
    )
    assert_alike(answers(node, {"y": ("float32", ["batch", 1])}))


def classifier(weights: list[float], ids: list[int], post: str, labels: list[int]) -> Any:
    return ml(
        "TreeEnsembleClassifier",
        ["X"],
        ["label", "p"],
        **tree(["BRANCH_LEQ"] * 3, [0, 0, 1], [0.5, 2.0, 0.5]),
        class_treeids=[0] * 4,
        class_nodeids=[3, 4, 5, 6],
        class_ids=ids,
        class_weights=weights,
        classlabels_int64s=labels,
        post_transform=post,
    )


@pytest.mark.parametrize("post", ["NONE", "LOGISTIC", "SOFTMAX"])
def test_three_classes_are_scored_as_in_onnx_runtime(post: str) -> None:
    node = classifier([0.3, 1.5, 0.2, 0.7], [0, 1, 2, 1], post, [7, 8, 9])
    assert_alike(answers(node, {"label": ("int64", ["batch"]), "p": ("float32", ["batch", 3])}))


@pytest.mark.parametrize("weights", [[0.2, 0.7, 0.5, 0.9], [-1.0, 2.0, 0.0, 0.5]])
@pytest.mark.parametrize("post", ["NONE", "LOGISTIC"])
def test_one_score_for_two_classes_is_read_as_in_onnx_runtime(post: str, weights: list[float]) -> None:
    node = classifier(weights, [0] * 4, post, [3, 5])
    assert_alike(answers(node, {"label": ("int64", ["batch"]), "p": ("float32", ["batch", 2])}))


def test_refuses_negative_scores_where_a_class_has_none() -> None:
    outputs: Named = {"label": ("int64", ["batch"]), "p": ("float32", ["batch", 3])}
    node = classifier([0.3, 1.5, -0.2, 0.7], [0, 1, 2, 1], "NONE", [7, 8, 9])
    with pytest.raises(UncoveredError, match="negative scores"):
        lower(graph([node], X, outputs), signature(X, outputs))


def test_a_very_deep_tree_needs_no_deep_stack() -> None:
    depth = 300
    count = 2 * depth + 1
    node = ml(
        "TreeEnsembleRegressor",
        ["X"],
        ["y"],
        nodes_treeids=[0] * count,
        nodes_nodeids=list(range(count)),
        nodes_featureids=[0] * count,
        nodes_modes=["BRANCH_LEQ"] * depth + ["LEAF"] * (depth + 1),
        nodes_values=[float(at) for at in range(depth)] + [0.0] * (depth + 1),
        nodes_truenodeids=[depth + at for at in range(depth)] + [0] * (depth + 1),
        nodes_falsenodeids=[*range(1, depth), 2 * depth, *[0] * (depth + 1)],
        target_treeids=[0] * (depth + 1),
        target_nodeids=list(range(depth, count)),
        target_ids=[0] * (depth + 1),
        target_weights=[float(at) for at in range(depth + 1)],
        n_targets=1,
    )
    rows = np.array([[-1, 0], [0, 0], [17.5, 0], [298, 0], [299.5, 0], [1e6, 0]], np.float32)
    assert_alike(answers(node, {"y": ("float32", ["batch", 1])}, rows), 0)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nodes_truenodeids": [1, 0, 5, 0, 0, 0, 0]}, "lead back to themselves"),
        ({"nodes_featureids": [0, 9, 1, 0, 0, 0, 0]}, "column 9 of 2"),
        ({"aggregate_function": "MAX"}, "MAX"),
    ],
)
def test_refuses_by_name_what_has_no_lowering(changes: dict[str, Any], named: str) -> None:
    outputs: Named = {"y": ("float32", ["batch", 1])}
    node = regressor(tree(["BRANCH_LEQ"] * 3, [0] * 3, [0.5, 2.0, 0.5]) | changes)
    model: onnx.ModelProto = graph([node], X, outputs)
    with pytest.raises(UncoveredError, match=named):
        lower(model, signature(X, outputs))
