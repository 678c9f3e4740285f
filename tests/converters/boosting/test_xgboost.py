"""XGBoost in every objective and booster, out of JSON, UBJSON and pickles: the graph answers alike."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from tests.converters.boosting.models import (
    BY_CODE,
    BY_FRAME,
    CODES,
    FRAME,
    GAPS,
    NUMBER,
    POSITIVE,
    ROWS,
    THREE,
    TWO,
    ZEROS,
    pickled,
)
from tests.converters.jobs import Done, array_of, assert_answers_alike, do

SMALL: dict[str, Any] = {"n_estimators": 8, "max_depth": 3}
PLAIN = (
    "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:gamma",
    "reg:tweedie", "count:poisson", "survival:cox",
)  # fmt: skip
OTHERS: dict[str, Any] = {
    "reg:logistic": lambda: xgboost.XGBRegressor(objective="reg:logistic", **SMALL).fit(GAPS, TWO),
    "quantiles": lambda: xgboost.XGBRegressor(
        objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], **SMALL
    ).fit(GAPS, NUMBER),
    "ranker": lambda: xgboost.XGBRanker(objective="rank:ndcg", **SMALL).fit(
        GAPS, THREE, qid=np.repeat(np.arange(10), 24)
    ),
    "binary": lambda: xgboost.XGBClassifier(**SMALL).fit(GAPS, TWO),
    "base score": lambda: xgboost.XGBClassifier(base_score=0.2, **SMALL).fit(GAPS, TWO),
    "hinge": lambda: xgboost.XGBClassifier(objective="binary:hinge", **SMALL).fit(GAPS, TWO),
    "softprob": lambda: xgboost.XGBClassifier(**SMALL).fit(GAPS, THREE),
    "softmax": lambda: xgboost.XGBClassifier(objective="multi:softmax", **SMALL).fit(GAPS, THREE),
    "two targets": lambda: xgboost.XGBRegressor(**SMALL).fit(GAPS, np.c_[NUMBER, -NUMBER]),
    "vector leaves": lambda: xgboost.XGBRegressor(multi_strategy="multi_output_tree", **SMALL).fit(
        GAPS, np.c_[NUMBER, -NUMBER]
    ),
    "dart": lambda: xgboost.XGBRegressor(booster="dart", rate_drop=0.5, **SMALL).fit(GAPS, NUMBER),
    "gblinear": lambda: xgboost.XGBRegressor(booster="gblinear", n_estimators=5).fit(GAPS, NUMBER),
    "gblinear classes": lambda: xgboost.XGBClassifier(booster="gblinear", n_estimators=5).fit(GAPS, THREE),
    "forest": lambda: xgboost.XGBRFClassifier(n_estimators=8).fit(GAPS, THREE),
    "parallel trees": lambda: xgboost.XGBRegressor(num_parallel_tree=3, **SMALL).fit(GAPS, NUMBER),
    "one leaf": lambda: xgboost.XGBRegressor(n_estimators=1, gamma=1e9).fit(GAPS, NUMBER),
    "partitions of codes": lambda: xgboost.XGBRegressor(
        enable_categorical=True, feature_types=["q", "q", "c", "q"], max_cat_to_onehot=1, **SMALL
    ).fit(CODES, BY_CODE),
    "single codes": lambda: xgboost.XGBRegressor(
        enable_categorical=True, feature_types=["q", "q", "c", "q"], max_cat_to_onehot=100, **SMALL
    ).fit(CODES, BY_CODE),
    "named columns": lambda: xgboost.XGBRegressor(**SMALL).fit(FRAME[["net weight", "price"]], NUMBER),
}


def saved(folder: Path, booster: Any, ending: str, **options: Any) -> Done:
    booster.save_model(folder / f"model.{ending}")
    return do(folder / ending, folder / f"model.{ending}", **options)


@pytest.mark.parametrize("objective", PLAIN)
def test_answers_as_xgboost_does_for_objective(objective: str, tmp_path: Path) -> None:
    model = xgboost.XGBRegressor(objective=objective, **SMALL).fit(GAPS, POSITIVE)
    assert_answers_alike(pickled(tmp_path, model))
    assert_answers_alike(saved(tmp_path, model.get_booster(), "json"))


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_answers_as_xgboost_does_for(name: str, tmp_path: Path) -> None:
    model = OTHERS[name]()
    done = pickled(tmp_path, model)
    assert_answers_alike(done)
    assert done.result["source"]["framework"] == "xgboost"
    booster = model.get_booster()
    first, second = (saved(tmp_path, booster, ending) for ending in ("json", "ubj"))
    assert_answers_alike(first)
    assert_answers_alike(second)
    graphs = [(done.folder / "model.onnx").read_bytes() for done in (first, second)]
    assert graphs[0] == graphs[1]


def test_answers_survival_times_as_xgboost_does(tmp_path: Path) -> None:
    table = xgboost.DMatrix(GAPS)
    for bound in ("label_lower_bound", "label_upper_bound"):
        table.set_float_info(bound, POSITIVE)
    assert_answers_alike(saved(tmp_path, xgboost.train({"objective": "survival:aft"}, table, 5), "json"))


def test_raw_scores_of_a_booster_are_its_prediction(tmp_path: Path) -> None:
    booster = xgboost.train({"objective": "binary:logitraw"}, xgboost.DMatrix(GAPS, TWO), 5)
    done = saved(tmp_path, booster, "ubj")
    assert_answers_alike(done)
    assert [output["role"] for output in done.signature["outputs"]] == ["prediction"]


def test_an_estimator_stops_at_its_best_round_and_a_file_of_a_booster_does_not(tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=40, early_stopping_rounds=3)
    model.fit(ROWS, THREE, eval_set=[(ROWS[::-1], THREE)], verbose=False)
    rounds = model.get_booster().num_boosted_rounds()
    assert model.best_iteration + 1 < rounds
    for done in (pickled(tmp_path, model), saved(tmp_path, model, "json")):
        assert_answers_alike(done)
        assert f", {model.best_iteration + 1} rounds," in done.result["source"]["description"]
    booster = model.get_booster()
    booster.set_attr(scikit_learn=None)
    done = saved(tmp_path, booster, "ubj")
    assert_answers_alike(done)
    assert f", {rounds} rounds," in done.result["source"]["description"]
    assert "rounds after the best one" in done.result["notes"][0]


def test_a_number_that_means_a_missing_value_is_read_so(tmp_path: Path) -> None:
    done = pickled(tmp_path, xgboost.XGBRegressor(missing=0, **SMALL).fit(ZEROS, NUMBER))
    assert_answers_alike(done)
    assert any((array_of(case["inputs"]["X"]) == 0).any() for case in done.cases)


def test_categories_of_a_data_frame_are_given_as_they_are(tmp_path: Path) -> None:
    model = xgboost.XGBRegressor(enable_categorical=True, max_cat_to_onehot=1, **SMALL).fit(FRAME, BY_FRAME)
    for done in (pickled(tmp_path, model), saved(tmp_path, model.get_booster(), "json")):
        assert_answers_alike(done)
        weight, colour, size, price = done.signature["features"]
        assert [weight["name"], weight["kind"], price["nullable"]] == ["net weight", "number", True]
        assert colour["kind"] == "text"
        assert sorted(colour["categories"]) == ["black", "blue", "green", "red", "white"]
        assert [size["kind"], size["categories"]] == ["integer", [36, 38, 40, 42]]


@pytest.mark.parametrize("form", ["json", "ubj"])
def test_rows_whose_only_text_is_missing_are_answered(form: str, tmp_path: Path) -> None:
    frame = FRAME[["colour", "price"]]
    model = xgboost.XGBRegressor(enable_categorical=True, **SMALL).fit(frame, BY_FRAME)
    done = saved(tmp_path, model.get_booster(), form)
    assert_answers_alike(done)
    assert [feature["kind"] for feature in done.signature["features"]] == ["text", "number"]


def test_categories_that_xgboost_cut_are_given_by_their_codes(tmp_path: Path) -> None:
    frame = FRAME.assign(colour=FRAME["colour"].cat.rename_categories({"green": "grün"}))
    model = xgboost.XGBRegressor(enable_categorical=True, **SMALL).fit(frame, BY_FRAME)
    done = pickled(tmp_path, model)
    assert_answers_alike(done)
    assert {feature["kind"] for feature in done.signature["features"]} == {"number"}
    assert "by their codes" in done.result["notes"][0]


def test_the_users_rows_are_answered_alike(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    model = xgboost.XGBRegressor(enable_categorical=True, **SMALL).fit(FRAME, BY_FRAME)
    done = pickled(tmp_path, model, samples=str(tmp_path / "rows.csv"), rows=240)
    assert_answers_alike(done)
    assert done.result["reference"]["source_of_rows"] == "samples"


def test_made_rows_reach_split_values_gaps_and_zeros(tmp_path: Path) -> None:
    model = xgboost.XGBRegressor(**SMALL).fit(GAPS, NUMBER)
    done = pickled(tmp_path, model, rows=256)
    rows = array_of(done.cases[-1]["inputs"]["X"])
    trees = json.loads(model.get_booster().save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    splits = np.unique(
        [
            np.float32(limit)
            for tree in trees
            for limit, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
            if left >= 0
        ]
    ).astype(np.float32)
    below = np.nextafter(splits, np.float32(-np.inf))
    assert np.isin(rows, splits).any()
    assert np.isin(rows, below).any()
    assert np.isnan(rows).any()
    assert (rows == 0).any()


def test_sums_of_many_trees_are_the_librarys_own(tmp_path: Path) -> None:
    """Single precision in the library's order: double precision would differ in the third digit near 0."""
    model = xgboost.XGBRegressor(n_estimators=1000, max_depth=4, learning_rate=0.02).fit(GAPS, 1000 * NUMBER)
    assert_answers_alike(pickled(tmp_path, model, rows=64))


def test_several_decisions_at_once_are_refused_by_name(tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(**SMALL).fit(GAPS, np.c_[TWO, THREE > 1])
    assert "XGBClassifier decides several targets at once" in pickled(tmp_path, model).error["message"]
    assert_answers_alike(saved(tmp_path, model.get_booster(), "json"))


def test_an_unknown_objective_is_refused_by_name(tmp_path: Path) -> None:
    booster = xgboost.XGBRegressor(**SMALL).fit(ROWS, NUMBER).get_booster()
    text = bytes(booster.save_raw("json")).replace(b"reg:squarederror", b"reg:moonphase")
    (tmp_path / "model.json").write_bytes(text)
    error = do(tmp_path / "job", tmp_path / "model.json").error
    assert "'reg:moonphase'" in error["message"]
    assert "binary:logistic" in error["hint"]
