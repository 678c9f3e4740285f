"""Tree ensembles answer as ONNX Runtime does, to the last bit, whatever their nodes ask."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.converters.tiny.node import UncoveredError
from tests.runtimes.core.engines.tiny import tree_models
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, open_tiny, tensor_of
from tests.runtimes.core.engines.tiny.tree_models import MODES, Branch, classifier, regressor, rows, version_5


def _alike(model: Any, inputs: Any) -> None:
    for made, wanted in zip(by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs}), strict=True):
        np.testing.assert_array_equal(made, wanted)


def _of(double: bool) -> Any:
    return rows(np.float64 if double else np.float32)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans(), st.sampled_from([1, 3]), st.sampled_from(["SUM", "AVERAGE", "MIN", "MAX"]))
def test_regressors_combine_their_leaves(data: Any, double: bool, targets: int, combined: str) -> None:
    ensemble = data.draw(tree_models.trees(targets))
    base = data.draw(st.sampled_from([{}, {"base_values": [0.7, -0.1, 3.0][:targets]}]))
    model = regressor(ensemble, targets, double, aggregate_function=combined, **base)
    _alike(model, data.draw(_of(double)))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans(), st.sampled_from([{}, {"base_values": [0.5, 0.2, 0.1]}]))
def test_classifiers_take_the_greatest_score(data: Any, double: bool, base: dict[str, Any]) -> None:
    model = classifier(data.draw(tree_models.trees(3)), 3, double, classlabels_int64s=[4, 7, 5], **base)
    _alike(model, data.draw(_of(double)))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans())
def test_classifiers_of_two_classes_weigh_the_second_alone(data: Any, double: bool) -> None:
    ensemble = data.draw(tree_models.trees(1, weights=[0.0, 0.1, 0.25, 0.5]))
    model = classifier(ensemble, 1, double, classlabels_int64s=[4, 7], post_transform="NONE")
    _alike(model, data.draw(_of(double)))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans())
def test_scores_for_and_against_become_shares(data: Any, double: bool) -> None:
    ensemble = [*data.draw(tree_models.trees(1)), (-0.25,)]
    model = classifier(ensemble, 1, double, classlabels_int64s=[4, 7], post_transform="LOGISTIC")
    inputs = {"X": data.draw(_of(double))}
    (label, scores), (wanted, shares) = by_tiny(model, inputs), by_onnxruntime(model, inputs)
    assert label.tolist() == wanted.tolist()
    np.testing.assert_allclose(scores, shares, atol=2e-7)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans(), st.sampled_from([1, 2]), st.sampled_from([0, 1, 2, 3]))
def test_ensembles_of_version_5_know_members(data: Any, double: bool, targets: int, combined: int) -> None:
    ensemble = data.draw(tree_models.trees(1, modes=(*MODES, "BRANCH_MEMBER")))
    if len(ensemble) < targets:
        ensemble = ensemble * targets
    model = version_5(ensemble, targets, double, aggregate_function=combined)
    # Whole numbers, since ONNX Runtime looks members up by the whole part of a value.
    _alike(model, data.draw(rows(np.float64 if double else np.float32, whole=True)))


def test_a_fraction_is_no_member() -> None:
    model = version_5([Branch("BRANCH_MEMBER", 0, (0.0, 31.0), False, (1.0,), (0.0,))], 1, False)
    inputs = np.array([[value, 0, 0] for value in (0, 0.5, 31, 31.5, -0.5)], np.float32)
    (made,) = by_tiny(model, {"X": inputs})
    assert made[:, 0].tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize("transform", ["LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_transforms_the_scores_of_several_targets(transform: str, data: Any) -> None:
    ensemble = data.draw(tree_models.trees(3, weights=[0.0, 0.5, -1.5, 3.0]))
    model = regressor(ensemble, 3, False, post_transform=transform)
    inputs = {"X": data.draw(_of(False))}
    (made,), (wanted,) = by_tiny(model, inputs), by_onnxruntime(model, inputs)
    np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 90), min_size=3, max_size=40, unique=True), st.booleans())
def test_one_of_many_members_is_found_by_halving(members: list[int], missing: bool) -> None:
    tree: Any = (0.0,)
    for member in members:
        tree = Branch("BRANCH_EQ", 0, (float(member),), missing, (1.0,), tree)
    values = [*range(-1, 95), 2.5, np.nan, np.inf, -np.inf]
    inputs = np.zeros((len(values), 3), dtype=np.float32)
    inputs[:, 0] = values
    wanted = [value in members or (missing and value != value) for value in values]  # noqa: PLR0124
    (made,) = by_tiny(regressor([tree], 1, False), {"X": inputs})
    assert made[:, 0].tolist() == wanted


def test_reads_whole_numbers_as_single_precision() -> None:
    model = classifier(
        [Branch("BRANCH_LEQ", 0, (2.0**24,), False, (0.2,), (0.7,))], 1, False, classlabels_int64s=[0, 1]
    )
    model.graph.input[0].type.tensor_type.elem_type = 7
    inputs = np.array([[2**24, 0, 0], [2**24 + 1, 0, 0], [2**24 + 2, 0, 0]])
    _alike(model, inputs)


def test_walks_trees_that_are_deeper_than_the_stack() -> None:
    tree: Any = (0.5,)
    for depth in range(3000):
        tree = Branch("BRANCH_LEQ", depth % 3, (float(-depth),), False, (1.0,), tree)
    ensemble = _flat(tree)
    engine = open_tiny(ensemble)
    (answer,) = engine.run([tensor_of(np.array([[5.0, 5.0, 5.0], [-2999.5, 1.0, 1.0]], np.float32))])
    assert memoryview(answer.to_bytes()).cast("f").tolist() == [0.5, 1.0]


def _flat(tree: Any) -> Any:
    """The model of one chain of nodes, written without recursion."""
    attributes: dict[str, list[Any]] = {}

    def add(**row: Any) -> None:
        for name, value in row.items():
            attributes.setdefault(name, []).append(value)

    def node(at: int, mode: str, column: int, value: float, yes: int, no: int) -> None:
        add(
            nodes_treeids=0, nodes_nodeids=at, nodes_modes=mode, nodes_featureids=column, nodes_values=value,
            nodes_truenodeids=yes, nodes_falsenodeids=no,
        )  # fmt: skip

    def leaf(at: int, weight: float) -> None:
        node(at, "LEAF", 0, 0.0, 0, 0)
        add(target_treeids=0, target_nodeids=at, target_ids=0, target_weights=weight)

    at = 0
    while not isinstance(tree, tuple):
        node(at, tree.mode, tree.column, tree.values[0], at + 1, at + 2)
        leaf(at + 1, tree.yes[0])
        tree, at = tree.no, at + 2
    leaf(at, tree[0])
    return tree_models.model_with("TreeEnsembleRegressor", ["Y"], False, {**attributes, "n_targets": 1})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nodes_falsenodeids": [0, 0, 0]}, "go in circles"),
        ({"nodes_falsenodeids": [9, 0, 0]}, "not there"),
        ({"nodes_values": [float("nan"), 0.0, 0.0]}, "no numbers"),
        ({"target_weights": [1.0, float("inf")]}, "no numbers"),
        ({"target_ids": [0, 5]}, "not there"),
        ({"nodes_modes": ["BRANCH_LIKE", "LEAF", "LEAF"]}, "BRANCH_LIKE"),
        ({"post_transform": "LOGISTIC"}, "post_transform LOGISTIC"),
        ({"aggregate_function": "MEDIAN"}, "MEDIAN"),
        ({"target_nodeids": [1, 1]}, "two weights"),
    ],
)
def test_refuses_by_name_what_engines_may_read_differently(change: dict[str, Any], words: str) -> None:
    attributes = {
        "n_targets": 1, "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_values": [1.0, 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0], "target_treeids": [0, 0],
        "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [1.0, 2.0], **change,
    }  # fmt: skip
    with pytest.raises(UncoveredError, match=words):
        open_tiny(tree_models.model_with("TreeEnsembleRegressor", ["Y"], False, attributes))


def test_refuses_two_classes_that_are_both_weighed() -> None:
    with pytest.raises(UncoveredError, match="both weighed"):
        open_tiny(classifier([(0.5, 0.5)], 2, False, classlabels_int64s=[0, 1]))


def test_refuses_rows_that_are_too_narrow() -> None:
    engine = open_tiny(regressor([Branch("BRANCH_LEQ", 2, (1.0,), False, (0.0,), (1.0,))], 1, False))
    with pytest.raises(Exception, match="the trees read 3 columns"):
        engine.run([tensor_of(np.zeros((1, 2), np.float32))])
