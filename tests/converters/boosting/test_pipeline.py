"""Boosted estimators inside scikit-learn's: pipelines, calibration, votes, stacks, searches."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.converters.boosting.models import FRAME, GAPS, NUMBER, POSITIVE, ROWS, THREE, TWO, pickled
from tests.converters.jobs import array_of, assert_answers_alike

NAMED = np.array(["low", "middle", "high"])[THREE]
MIXED = FRAME.assign(colour=FRAME["colour"].astype(object))[["net weight", "colour", "price"]]


def xgb(**options: Any) -> Any:
    return xgboost.XGBClassifier(n_estimators=5, max_depth=3, **options)


def xgb_number(**options: Any) -> Any:
    return xgboost.XGBRegressor(n_estimators=5, max_depth=3, **options)


def lgb(**options: Any) -> Any:
    return lightgbm.LGBMClassifier(n_estimators=5, num_leaves=6, verbose=-1, **options)


def lgb_number(**options: Any) -> Any:
    return lightgbm.LGBMRegressor(n_estimators=5, num_leaves=6, verbose=-1, **options)


def behind_columns(estimator: Any) -> Any:
    steps = [("numbers", "passthrough", ["net weight", "price"]), ("words", OneHotEncoder(), ["colour"])]
    return make_pipeline(ColumnTransformer(steps), estimator)


FOREST = {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}
MODELS: dict[str, Any] = {
    "scaler, xgboost": lambda: make_pipeline(StandardScaler(), xgb()).fit(ROWS, THREE),
    "scaler, lightgbm": lambda: make_pipeline(StandardScaler(), lgb()).fit(ROWS, NAMED),
    "scaler, lightgbm, gaps": lambda: make_pipeline(StandardScaler(), lgb_number()).fit(GAPS, NUMBER),
    "columns, xgboost": lambda: behind_columns(xgb()).fit(MIXED, THREE),
    "columns, lightgbm": lambda: behind_columns(lgb()).fit(MIXED, NAMED),
    "columns, poisson": lambda: behind_columns(xgb_number(objective="count:poisson")).fit(MIXED, POSITIVE),
    "columns, dart": lambda: behind_columns(xgb_number(booster="dart", rate_drop=0.5)).fit(MIXED, NUMBER),
    "columns, forest": lambda: behind_columns(lgb_number(**FOREST)).fit(MIXED, NUMBER),
    "calibration": lambda: CalibratedClassifierCV(xgb(), cv=2).fit(ROWS, THREE),
    "isotonic calibration": lambda: CalibratedClassifierCV(lgb(), cv=2, method="isotonic").fit(ROWS, TWO),
    "vote": lambda: VotingClassifier(
        [("x", xgb()), ("l", lgb()), ("r", LogisticRegression())], voting="soft"
    ).fit(ROWS, NAMED),
    "mean": lambda: VotingRegressor([("x", xgb_number()), ("l", lgb_number())]).fit(ROWS, NUMBER),
    "stack": lambda: StackingClassifier(
        [("x", xgb()), ("l", lgb())], final_estimator=LogisticRegression(), cv=2
    ).fit(ROWS, THREE),
    "stack of numbers": lambda: StackingRegressor(
        [("x", xgb_number()), ("l", lgb_number())], final_estimator=Ridge(), cv=2
    ).fit(ROWS, NUMBER),
    "search": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), lgb()), {"lgbmclassifier__num_leaves": [4]}, cv=2
    ).fit(ROWS, THREE),
    "two targets": lambda: MultiOutputRegressor(xgb_number()).fit(ROWS, np.c_[NUMBER, -NUMBER]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_answers_as_the_model_does_for(name: str, tmp_path: Path) -> None:
    done = pickled(tmp_path, MODELS[name]())
    assert_answers_alike(done)
    assert done.result["source"]["framework"] == "sklearn"


def test_a_search_over_a_boosted_estimator_is_that_estimator(tmp_path: Path) -> None:
    done = pickled(tmp_path, GridSearchCV(xgb(), {"max_depth": [2, 3]}, cv=2).fit(ROWS, THREE))
    assert_answers_alike(done)
    assert done.result["source"]["framework"] == "xgboost"


def test_made_rows_lie_on_the_split_values_of_a_boosted_estimator(tmp_path: Path) -> None:
    model = make_pipeline(SimpleImputer(), lgb_number()).fit(ROWS, NUMBER)
    table = model[-1].booster_.trees_to_dataframe()
    splits = table.loc[table["split_feature"] == "Column_0", "threshold"].to_numpy().astype(np.float32)
    rows = array_of(pickled(tmp_path, model).cases[-1]["inputs"]["X"])
    assert np.isin(rows[:, 0].astype(np.float32), splits).any()


def test_categories_of_a_data_frame_in_a_pipeline_are_refused_by_name(tmp_path: Path) -> None:
    keep = ColumnTransformer([("same", "passthrough", list(FRAME.columns))], verbose_feature_names_out=False)
    model = make_pipeline(keep.set_output(transform="pandas"), lgb_number())
    error = pickled(tmp_path, model.fit(FRAME, NUMBER)).error
    assert "LGBMRegressor in the pipeline was trained on a data frame with categories" in error["message"]
