"""Decisions that single precision would change: rows on split values after a scaler, and votes that tie."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from tests.converters.jobs import Done, array_of, assert_answers_alike, do

RANDOM = np.random.default_rng(3)
# One decimal, as people measure: halfway between two values lies a third.
GRID = RANDOM.integers(100, 160, (300, 4)) / 10
UNSEEN = RANDOM.integers(100, 160, (300, 4)) / 10
DECISION = (GRID.sum(axis=1) + RANDOM.normal(0, 1, 300) > 52).astype(int)
STEPS: dict[str, Any] = {
    "standard": StandardScaler(),
    "range": MinMaxScaler(),
    "largest": MaxAbsScaler(),
    "robust": RobustScaler(),
    "components": PCA(3),
    "unit": Normalizer(),
    "quantiles": QuantileTransformer(n_quantiles=20),
    "bins": KBinsDiscretizer(5, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    "products": PolynomialFeatures(2),
    "two": make_pipeline(StandardScaler(), MinMaxScaler()),
    "beside": make_union(StandardScaler(), PCA(2)),
    "some": make_column_transformer((StandardScaler(), [0, 2]), remainder="passthrough"),
}


def on_unseen_rows(folder: Path, model: Any, rows: Any = UNSEEN) -> Done:
    joblib.dump(model, folder / "model.joblib")
    np.save(folder / "rows.npy", rows)
    done = do(folder / "job", folder / "model.joblib", samples=str(folder / "rows.npy"), rows=300)
    assert_answers_alike(done)
    return done


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_before_a_forest_keeps_every_decision(name: str, tmp_path: Path) -> None:
    model = make_pipeline(STEPS[name], RandomForestClassifier(25, random_state=0)).fit(GRID, DECISION)
    done = on_unseen_rows(tmp_path, model)
    assert done.signature["inputs"][0]["dtype"] == "float64"


def test_the_rows_of_this_test_do_lie_on_split_values() -> None:
    """Without double precision a third of a percent of the comparisons would be a matter of rounding."""
    scaler = StandardScaler().fit(GRID)
    forest = RandomForestClassifier(25, random_state=0).fit(scaler.transform(GRID), DECISION)
    rows, splits = scaler.transform(UNSEEN)[:, 0], []
    for tree in forest.estimators_:
        splits.extend(tree.tree_.threshold[tree.tree_.feature == 0])
    assert (np.abs(rows[:, None] - np.array(splits)[None]).min(axis=1) < 1e-6).sum() > 30


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_what_an_imputer_fills_in_keeps_its_precision(strategy: str, tmp_path: Path) -> None:
    gaps = np.where(RANDOM.random(GRID.shape) < 0.2, np.nan, GRID)
    steps = SimpleImputer(strategy=strategy), StandardScaler(), RandomForestClassifier(25, random_state=0)
    done = on_unseen_rows(tmp_path, make_pipeline(*steps).fit(gaps, DECISION), gaps)
    assert np.isnan(array_of(done.cases[-1]["inputs"]["X"])).any()


def test_a_regressor_behind_a_scaler_keeps_every_branch(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), RandomForestRegressor(20, random_state=0))
    on_unseen_rows(tmp_path, model.fit(GRID, GRID.sum(axis=1)))


def test_numbers_of_a_billion_keep_their_last_digits(tmp_path: Path) -> None:
    """Seconds since 1970 differ by less than single precision can tell."""
    seconds = 1.7e9 + RANDOM.integers(0, 5000, (300, 2))
    model = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0))
    on_unseen_rows(tmp_path, model.fit(seconds, seconds[:, 0] > 1.7e9 + 2500), seconds + 3)


def test_a_step_without_a_form_in_double_precision_stays_single(tmp_path: Path) -> None:
    model = make_pipeline(PowerTransformer(), RandomForestClassifier(5, random_state=0))
    joblib.dump(model.fit(GRID, DECISION), tmp_path / "model.joblib")
    done = do(tmp_path / "job", tmp_path / "model.joblib")
    assert done.signature["inputs"][0]["dtype"] == "float32"


def test_a_function_that_changes_nothing_is_no_step(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(), RandomForestClassifier(5, random_state=0))
    on_unseen_rows(tmp_path, model.fit(GRID, DECISION))


@pytest.mark.parametrize("names", [[0, 1], ["ja", "nein"], [3, 8], [False, True]])
def test_a_tied_vote_takes_the_first_class_for_one_row_and_for_many(names: list[Any], tmp_path: Path) -> None:
    """With few trees on noise, every tenth row ties."""
    labels = np.array(names)[RANDOM.integers(0, 2, 300)]
    model = ExtraTreesClassifier(10, random_state=0, max_features=1).fit(GRID, labels)
    tied = UNSEEN[np.ptp(model.predict_proba(UNSEEN), axis=1) < 1e-9]
    assert len(tied) > 10
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "rows.npy", tied)
    done = do(tmp_path / "job", tmp_path / "model.joblib", samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done)
    assert set(array_of(done.cases[-1]["outputs"]["label"]).tolist()) <= {names[0], 0}
