"""Columns whose encoder refuses what it never saw."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import CategoricalNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder

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


def test_numbers_that_another_step_reads_as_they_are_have_categories_too(tmp_path: Path) -> None:
    both = [("passthrough", ["rooms", "age"]), (OneHotEncoder(), ["rooms"]), (OneHotEncoder(), ["city"])]
    found = features_of(tmp_path, *both)
    assert found == {"city": ["Köln", "Paris", "Rome"], "rooms": [1, 2, 3], "age": []}


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("city", "OneHotEncoder encodes texts that an earlier step passes on"),
        ("rooms", "The model does not answer rows made for its columns: Found unknown categories"),
    ],
)
def test_an_encoder_behind_a_step_that_passes_columns_on_is_refused_by_name(
    column: str, words: str, tmp_path: Path
) -> None:
    first = make_column_transformer((MinMaxScaler(), ["age"]), remainder="passthrough")
    second = make_column_transformer((OneHotEncoder(), [1]), remainder="passthrough")
    model = make_pipeline(first, second, LogisticRegression()).fit(PEOPLE[[column, "age"]], [0, 1, 0, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    error = do(tmp_path / "job", tmp_path / "model.joblib").error
    assert words in error["message"]
    assert "in the first" in error["hint"]


def test_an_encoder_that_ignores_others_names_none(tmp_path: Path) -> None:
    found = features_of(tmp_path, (OneHotEncoder(handle_unknown="ignore"), ["city", "rooms"]))
    assert found == {"city": [], "rooms": [], "age": []}


def test_two_encoders_of_one_column_agree_on_what_both_take(tmp_path: Path) -> None:
    fewer = OneHotEncoder(categories=[["Köln", "Paris", "Rome", "Oslo"]])
    found = features_of(
        tmp_path, (OrdinalEncoder(), ["city"]), (fewer, ["city"]), (OneHotEncoder(), ["rooms"])
    )
    assert found["city"] == ["Köln", "Paris", "Rome"]


@pytest.mark.parametrize("steps, known", [([], [0, 1, 2]), ([MinMaxScaler((0, 2))], [])])
def test_a_classifier_that_counts_categories_names_those_of_raw_columns(
    steps: list[Any], known: list[int], tmp_path: Path
) -> None:
    rows = np.stack([np.arange(30) % 3, np.arange(30) // 3 % 3], axis=1)
    model = make_pipeline(*steps, CategoricalNB()).fit(rows, np.arange(30) % 2)
    joblib.dump(model, tmp_path / "model.joblib")
    done = do(tmp_path / "job", tmp_path / "model.joblib")
    assert [feature["categories"] for feature in done.signature["features"]] == [known, known]
