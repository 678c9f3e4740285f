"""Columns whose encoder refuses what it never saw."""

from pathlib import Path
from typing import Any

import joblib
import pandas
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from tests.converters.jobs import assert_answers_alike, do

PEOPLE = pandas.DataFrame(
    {"city": ["Köln", "Rome", "Paris", "Rome"], "rooms": [1, 2, 3, 2], "age": [20.5, 30, 41, 50]}
)


def features_of(folder: Path, *branches: Any) -> dict[str, Any]:
    columns = make_column_transformer(*branches, remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(PEOPLE, [0, 1, 0, 1])
    joblib.dump(model, folder / "model.joblib")
    done = do(folder / "job", folder / "model.joblib")
    assert_answers_alike(done)
    return {feature["name"]: feature.get("categories", []) for feature in done.signature["features"]}


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder()])
def test_an_encoder_that_refuses_others_names_its_categories(encoder: Any, tmp_path: Path) -> None:
    found = features_of(tmp_path, (encoder, ["city", "rooms"]))
    assert found == {"city": ["Köln", "Paris", "Rome"], "rooms": [1, 2, 3], "age": []}


def test_an_encoder_that_ignores_others_names_none(tmp_path: Path) -> None:
    found = features_of(tmp_path, (OneHotEncoder(handle_unknown="ignore"), ["city", "rooms"]))
    assert found == {"city": [], "rooms": [], "age": []}


def test_two_encoders_of_one_column_agree_on_what_both_take(tmp_path: Path) -> None:
    fewer = OneHotEncoder(categories=[["Köln", "Paris", "Rome", "Oslo"]])
    found = features_of(
        tmp_path, (OrdinalEncoder(), ["city"]), (fewer, ["city"]), (OneHotEncoder(), ["rooms"])
    )
    assert found["city"] == ["Köln", "Paris", "Rome"]
