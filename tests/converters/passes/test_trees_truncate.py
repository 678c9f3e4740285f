"""A model cut short answers as its library does with fewer rounds, or with the mean of fewer trees."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
import pytest
import xgboost
from sklearn import ensemble
from sklearn.datasets import load_diabetes, load_wine
from sklearn.tree import DecisionTreeClassifier

from tests.converters.jobs import Done
from tests.converters.passes import tree_models as trees

Array = Any
HALF = {"kind": "truncate_trees", "keep": 0.5}
WINE, CULTIVARS = load_wine(return_X_y=True)
WINE = WINE.astype(np.float32)
PATIENTS, PROGRESS = load_diabetes(return_X_y=True)
PATIENTS = PATIENTS.astype(np.float32)


def _first_trees(count: int) -> Callable[[Any, Array], Array]:
    def said(model: Any, rows: Array) -> Array:
        answer = "predict_proba" if hasattr(model, "predict_proba") else "predict"
        return np.mean([getattr(tree, answer)(rows) for tree in model.estimators_[:count]], axis=0)

    return said


CUT: list[tuple[Any, bool, Callable[[Any, Array], Array]]] = [
    (ensemble.RandomForestClassifier(10, max_depth=3, random_state=0), True, _first_trees(5)),
    (ensemble.ExtraTreesRegressor(10, max_depth=3, random_state=0), False, _first_trees(5)),
    (
        ensemble.GradientBoostingClassifier(n_estimators=6, max_depth=2, random_state=0),
        True,
        lambda model, rows: list(model.staged_predict_proba(rows))[2],
    ),
    (
        ensemble.HistGradientBoostingClassifier(max_iter=6, random_state=0),
        True,
        lambda model, rows: list(model.staged_predict_proba(rows))[2],
    ),
    (
        xgboost.XGBClassifier(n_estimators=4, max_depth=2, num_parallel_tree=3, subsample=0.7, n_jobs=1),
        True,
        lambda model, rows: model.predict_proba(rows, iteration_range=(0, 2)),
    ),
    (
        xgboost.XGBRegressor(n_estimators=6, max_depth=2, booster="dart", rate_drop=0.3, n_jobs=1),
        False,
        lambda model, rows: model.predict(rows, iteration_range=(0, 3)),
    ),
    (
        lightgbm.LGBMClassifier(n_estimators=6, verbose=-1, n_jobs=1),
        True,
        lambda model, rows: model.predict_proba(rows, num_iteration=3),
    ),
    (
        lightgbm.LGBMRegressor(
            boosting_type="rf", n_estimators=6, subsample=0.7, subsample_freq=1, verbose=-1, n_jobs=1
        ),
        False,
        lambda model, rows: model.predict(rows, num_iteration=3),
    ),
]


@pytest.mark.parametrize(("model", "classes", "shorter"), CUT, ids=[type(case[0]).__name__ for case in CUT])
def test_answers_as_the_library_does_with_fewer(
    model: Any, classes: bool, shorter: Callable[[Any, Array], Array], tmp_path: Path
) -> None:
    rows, truth = (WINE, CULTIVARS) if classes else (PATIENTS, PROGRESS)
    before = trees.converted(tmp_path, model.fit(rows, truth), rows)
    done = trees.passed(tmp_path / "passed", before, HALF)
    assert done.result["ok"], done.result
    said = trees.answers(done.folder / "model.onnx", rows)[-1]
    wanted = np.asarray(shorter(model, rows)).reshape(said.shape)
    np.testing.assert_allclose(said, wanted, rtol=1e-6, atol=1e-6)
    assert trees.nodes_in(done.folder / "model.onnx") < 0.7 * trees.nodes_in(before.folder / "model.onnx")


def test_keeps_the_start_of_a_forest_that_was_grown_on_what_was_left_of_it(tmp_path: Path) -> None:
    model = xgboost.XGBRFRegressor(n_estimators=20, max_depth=3, n_jobs=1).fit(PATIENTS, PROGRESS)
    before = trees.converted(tmp_path, model, PATIENTS)
    done = trees.passed(tmp_path / "passed", before, HALF)
    said, whole = (trees.answers(one.folder / "model.onnx", PATIENTS)[-1].ravel() for one in (done, before))
    assert abs(said.mean() - whole.mean()) < 5
    assert np.corrcoef(said, whole)[0, 1] > 0.98


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Done:
    model = ensemble.RandomForestRegressor(30, max_depth=4, random_state=0)
    centred = PROGRESS - PROGRESS.mean()
    return trees.converted(tmp_path_factory.mktemp("forest"), model.fit(PATIENTS, centred), PATIENTS)


def test_trees_chosen_on_rows_miss_the_mean_less_than_the_first_ones(forest: Done, tmp_path: Path) -> None:
    few = {**HALF, "keep": 0.2}
    first = trees.passed(tmp_path / "first", forest, few)
    chosen = trees.passed(
        tmp_path / "chosen", forest, {**few, "choose": "greedy"}, calibration=PATIENTS[:200]
    )
    whole, *others = (
        trees.answers(done.folder / "model.onnx", PATIENTS[200:])[0] for done in (forest, first, chosen)
    )
    by_place, by_choice = (float(np.square(other - whole).mean()) for other in others)
    assert by_choice < by_place
    assert chosen.result["applied"][0]["detail"].startswith("6 of 30 trees kept")


def test_a_forest_of_a_centred_target_is_a_mean_because_its_source_is_one(
    forest: Done, tmp_path: Path
) -> None:
    """Also when another pass went before: what the source is goes with the model."""
    done = trees.passed(tmp_path, forest, {"kind": "tidy_trees"}, HALF)
    again = trees.passed(tmp_path / "again", done, {**HALF, "averaged": False})
    whole, half, sums = (
        trees.answers(one.folder / "model.onnx", PATIENTS)[0].std() for one in (forest, done, again)
    )
    assert 0.8 < half / whole < 1.3
    assert sums / half < 0.8


def test_refuses_to_choose_trees_without_rows(forest: Done, tmp_path: Path) -> None:
    done = trees.passed(tmp_path, forest, {**HALF, "choose": "greedy"})
    assert done.error["message"] == "Trees are chosen on rows, and there are none"


def test_refuses_to_choose_among_corrections(tmp_path: Path) -> None:
    model = ensemble.GradientBoostingRegressor(n_estimators=4, max_depth=2, random_state=0)
    before = trees.converted(tmp_path, model.fit(PATIENTS, PROGRESS), PATIENTS)
    done = trees.passed(tmp_path / "passed", before, {**HALF, "choose": "greedy"}, calibration=PATIENTS[:50])
    assert "sum of corrections" in done.error["message"]


def test_refuses_ensembles_of_one_tree_each(tmp_path: Path) -> None:
    model = ensemble.AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=3, random_state=0)
    before = trees.converted(tmp_path, model.fit(WINE, CULTIVARS), WINE)
    done = trees.passed(tmp_path / "passed", before, HALF)
    assert done.error["message"] == "There is nothing to drop: each of the 3 ensembles has one tree"
    assert not (done.folder / "model.onnx").exists()


def test_refuses_a_model_without_trees(tmp_path: Path) -> None:
    graph = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[batch, 2] X) => (float[batch, 2] Y) { Y = Abs(X) }'
    )
    done = trees.passed(tmp_path, trees.job_of(tmp_path / "graph", graph), HALF)
    assert done.error["message"] == "The model has no tree ensemble"


def test_an_average_stays_one_without_being_scaled(tmp_path: Path) -> None:
    made = trees.grown(np.random.default_rng(0), 4, ("BRANCH_LEQ",), single=True)
    model = trees.model_of(made, trees.COLUMNS, aggregate_function="AVERAGE")
    before = trees.job_of(tmp_path / "graph", model)
    done = trees.passed(tmp_path, before, HALF)
    rows = np.random.default_rng(1).normal(size=(50, trees.COLUMNS))
    two = trees.model_of(_first(made, 2), trees.COLUMNS, aggregate_function="AVERAGE")
    np.testing.assert_array_equal(
        trees.answers(done.folder / "model.onnx", rows)[0], trees.answers(two, rows)[0]
    )


def _first(made: Any, count: int) -> Any:
    return type(made)(made.nodes, made.leaves, made.roots[:count], made.targets, made.base, made.single)
