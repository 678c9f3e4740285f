"""Histogram boosting with categories: known, unknown and missing ones take the model's own branches."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from packager.converters.signature import MISSING_TEXT
from tests.converters.jobs import array_of
from tests.converters.sklearn.own.models import shown

CHANCE = np.random.default_rng(4)
COUNT = 400
GROUP = CHANCE.integers(0, 6, COUNT)
NUMBER = CHANCE.normal(size=COUNT)
DECISION = ((GROUP % 2) ^ (NUMBER > 0)).astype(int)
GAPS = np.c_[GROUP, NUMBER, CHANCE.integers(0, 40, COUNT)].astype(float)
GAPS[::9, 0] = np.nan
GAPS[::7, 1] = np.nan
PLACES = pandas.DataFrame(
    {
        "age": NUMBER,
        "city": pandas.Categorical(np.array(["Paris", "Rome", "Köln", "Łódź", "", "x"])[GROUP]),
        "rooms": GROUP % 4 + 1,
    }
)


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (HistGradientBoostingClassifier(max_iter=8, categorical_features=[0, 2]), DECISION),
        (HistGradientBoostingClassifier(max_iter=6, categorical_features=[0, 2]), (GROUP + DECISION) % 3),
        (HistGradientBoostingRegressor(max_iter=8, categorical_features=[2]), DECISION + NUMBER),
    ],
)
def test_categories_by_number(model: Any, target: Any, tmp_path: Path) -> None:
    done = shown(tmp_path, model, GAPS, target)
    given = array_of(done.cases[-1]["inputs"]["X"])
    assert np.isnan(given).any()


def test_categories_of_a_data_frame_are_texts(tmp_path: Path) -> None:
    frame = PLACES[PLACES["city"] != ""].reset_index(drop=True)
    model = HistGradientBoostingClassifier(max_iter=8, categorical_features="from_dtype")
    target = np.where((frame["age"] > 0) ^ (frame["city"] == "Rome"), "yes", "no")
    done = shown(tmp_path, model, frame, target)
    assert [feature["kind"] for feature in done.signature["features"]] == ["number", "text", "number"]


def test_gaps_among_the_texts_take_the_branch_of_missing_values(tmp_path: Path) -> None:
    frame = PLACES[["age", "city"]].copy()
    frame.loc[::9, "city"] = np.nan
    model = HistGradientBoostingClassifier(max_iter=4, categorical_features="from_dtype")
    done = shown(tmp_path, model, frame, DECISION)
    assert [feature["nullable"] for feature in done.signature["features"]] == [True, True]
    assert MISSING_TEXT in done.cases[-1]["inputs"]["city"]["data"]


def test_categories_that_a_step_before_encoded(tmp_path: Path) -> None:
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, ["city", "rooms"]), ("passthrough", ["age"]))
    frame = PLACES.assign(city=PLACES["city"].astype(object))
    model = make_pipeline(columns, HistGradientBoostingClassifier(max_iter=8, categorical_features=[0, 1]))
    shown(tmp_path, model, frame[frame["city"] != ""], DECISION[frame["city"] != ""])
