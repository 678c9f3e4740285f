"""Narrow trees: shorter thresholds that no calibration row passes over, and leaves on a grid."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn import ensemble
from sklearn.datasets import load_breast_cancer, load_wine

from packager.converters.passes.onnx_trees import tree_nodes
from packager.converters.passes.onnx_trees_narrow import shortened, thresholds_rounded
from packager.converters.passes.onnx_trees_shares import in_units
from packager.converters.signature import read_document
from packager.converters.tiny.graph import lower
from tests.converters.jobs import Done
from tests.converters.passes import tree_models as trees

NARROW = {"kind": "narrow_trees", "threshold_bits": 11, "leaf_bits": 8}
NUMBERS = some.floats(-1e6, 1e6, width=32)


@given(NUMBERS, some.lists(NUMBERS, max_size=20), some.integers(2, 24), some.booleans())
def test_no_value_that_was_seen_changes_sides(
    threshold: float, values: list[float], bits: int, included: bool
) -> None:
    seen = np.unique(np.array(values))
    made = shortened(threshold, bits, seen, included=included)
    if included:
        np.testing.assert_array_equal(seen <= made, seen <= threshold)
    else:
        np.testing.assert_array_equal(seen < made, seen < threshold)


def test_a_threshold_keeps_as_many_bits_as_the_values_around_it_ask_for() -> None:
    nothing = np.zeros(0)
    assert shortened(0.7123, 4, nothing, included=True) == 0.6875
    assert shortened(-1000.4, 8, nothing, included=True) == -1000
    close = np.array([0.7120, 0.7125])
    assert 0.7120 <= shortened(0.7123, 4, close, included=True) < 0.7125
    assert shortened(float("inf"), 4, nothing, included=True) == float("inf")
    assert shortened(1e-42, 2, nothing, included=True) == pytest.approx(1e-42, rel=0.3)


@given(some.lists(some.floats(0, 1), min_size=2, max_size=8).filter(lambda shares: sum(shares) > 0.01))
def test_shares_of_classes_add_up_to_what_they_did(shares: list[float]) -> None:
    whole = [share / sum(shares) for share in shares]
    made = in_units(tuple(enumerate(whole)), 1 / 64)
    assert sum(weight for _, weight in made) == 1
    assert all(abs(weight - share) <= 1 / 64 for (_, weight), share in zip(made, whole, strict=True))


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE", "BRANCH_EQ"])
def test_rows_that_were_seen_get_the_same_answers(mode: str) -> None:
    random = np.random.default_rng(0)
    made = trees.grown(random, 3, (mode,), single=True)
    rows = trees.rows_on_and_beside_the_bounds(random, 200, single=True)
    narrow = thresholds_rounded(made, 2, rows)
    before, after = (trees.answers(trees.model_of(one, trees.COLUMNS), rows)[0] for one in (made, narrow))
    np.testing.assert_array_equal(before, after)


@pytest.fixture(scope="module")
def boosted(tmp_path_factory: pytest.TempPathFactory) -> Done:
    rows, truth = load_breast_cancer(return_X_y=True)
    model = ensemble.HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(rows, truth)
    return trees.converted(tmp_path_factory.mktemp("boosted"), model, rows)


def test_boosted_trees_shrink_by_more_than_a_third_where_they_ship(boosted: Done, tmp_path: Path) -> None:
    """In the archive, and as the engine tiny stores them."""
    rows, truth = load_breast_cancer(return_X_y=True)
    done = trees.passed(tmp_path, boosted, NARROW, calibration=rows[::2])
    assert done.result["ok"], done.result
    assert "thresholds to" in done.result["applied"][0]["detail"]
    assert _compressed(done) < 0.66 * _compressed(boosted)
    assert _tiny_bytes(done) < 0.66 * _tiny_bytes(boosted)
    before, after = (
        float((trees.answers(one.folder / "model.onnx", rows)[0] == truth).mean()) for one in (boosted, done)
    )
    assert after >= before - 0.005


def _compressed(done: Done) -> int:
    from packager.converters.passes.onnx_file import compressed_bytes

    return compressed_bytes(done.folder / "model.onnx")


def _tiny_bytes(done: Done) -> int:
    model = onnx.load(done.folder / "model.onnx")
    return len(lower(model, read_document(done.signature)).data)


def in_double(folder: Path) -> Done:
    made = trees.grown(np.random.default_rng(0), 5, ("BRANCH_LEQ",), single=False)
    return trees.job_of(folder, trees.model_of(replace(made, base=(0.5,)), trees.COLUMNS))


def test_trees_in_double_precision_become_single_where_no_row_needs_more(tmp_path: Path) -> None:
    before = in_double(tmp_path / "graph")
    rows = np.random.default_rng(1).normal(size=(200, trees.COLUMNS))
    done = trees.passed(tmp_path, before, NARROW, calibration=rows)
    assert [node.op_type for node in _graph(done).graph.node] == ["Cast", "TreeEnsembleRegressor"]
    assert tree_nodes(_graph(done))[0].ensemble.single
    np.testing.assert_allclose(_said(done, rows)[0], _said(before, rows)[0], atol=0.02)


def test_trees_stay_in_double_precision_where_a_row_lies_closer_to_a_bound(tmp_path: Path) -> None:
    before = in_double(tmp_path / "graph")
    (node,) = tree_nodes(_graph(before))
    random = np.random.default_rng(1)
    rows = trees.rows_on_and_beside_the_bounds(random, 500, single=False)
    done = trees.passed(tmp_path, before, NARROW, calibration=rows)
    assert not node.ensemble.single
    assert not tree_nodes(_graph(done))[0].ensemble.single
    np.testing.assert_allclose(_said(done, rows)[0], _said(before, rows)[0], atol=0.02)


def test_a_cast_to_double_precision_goes_with_what_needed_it(tmp_path: Path) -> None:
    rows, truth = load_wine(return_X_y=True)
    rows = rows.astype(np.float32)
    graph = _graph(
        trees.converted(tmp_path, ensemble.HistGradientBoostingClassifier(max_iter=3).fit(rows, truth), rows)
    )
    given = graph.graph.input[0].type.tensor_type
    given.elem_type = onnx.TensorProto.FLOAT
    before = trees.job_of(tmp_path / "graph", graph)
    assert _graph(before).graph.node[0].op_type == "Cast"
    done = trees.passed(tmp_path / "passed", before, NARROW, calibration=rows)
    assert _graph(done).graph.node[0].op_type == "TreeEnsembleRegressor"
    np.testing.assert_allclose(_said(done, rows)[1], _said(before, rows)[1], atol=0.01)


def test_shares_of_a_forest_stay_shares(tmp_path: Path) -> None:
    rows, truth = load_wine(return_X_y=True)
    model = ensemble.RandomForestClassifier(12, max_depth=4, random_state=0).fit(rows, truth)
    before = trees.converted(tmp_path, model, rows)
    done = trees.passed(tmp_path / "passed", before, {**NARROW, "leaf_bits": 4}, calibration=rows)
    chances, wide = (trees.answers(one.folder / "model.onnx", rows)[1] for one in (done, before))
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
    assert 0 < np.abs(chances - wide).max() < 1 / 16


def test_numbers_of_leaves_stay_what_they_are(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(80, 3))
    model = ensemble.IsolationForest(n_estimators=3, random_state=0).fit(rows)
    before = trees.converted(tmp_path, model, rows)
    done = trees.passed(tmp_path / "passed", before, {**NARROW, "leaf_bits": 2}, calibration=rows)
    for one, other in zip(tree_nodes(_graph(before)), tree_nodes(_graph(done)), strict=True):
        assert set(one.ensemble.leaves.values()) == set(other.ensemble.leaves.values())
    for wide, narrow in zip(*(_said(one, rows) for one in (before, done)), strict=True):
        np.testing.assert_array_equal(wide, narrow)


def _graph(done: Done) -> Any:
    return onnx.load(done.folder / "model.onnx")


def _said(done: Done, rows: Any) -> list[Any]:
    return trees.answers(done.folder / "model.onnx", rows)
