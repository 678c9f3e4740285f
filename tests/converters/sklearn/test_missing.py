"""Missing values: taken where the converted model answers them as the source does, and only there."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from packager.converters.request import read_request
from packager.converters.signature import MISSING_TEXT
from packager.converters.sklearn import converter
from tests.converters.jobs import Done, array_of, assert_answers_alike, do, write_request

RANDOM = np.random.default_rng(5)
ROWS = RANDOM.normal(size=(120, 3))
TARGET = ROWS[:, 0] + ROWS[:, 1] > 0
MODELS: dict[str, Any] = {
    "forest": RandomForestClassifier(10, random_state=0),
    "boosting": HistGradientBoostingRegressor(max_iter=10),
    "imputer": make_pipeline(SimpleImputer(), LinearRegression()),
    "scaler first": make_pipeline(StandardScaler(), SimpleImputer(), LinearRegression()),
}


def converted(folder: Path, model: Any, **options: Any) -> Done:
    joblib.dump(model, folder / "model.joblib")
    return do(folder / "job", folder / "model.joblib", **options)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_samples_without_gaps_are_joined_by_some_with_gaps(name: str, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", ROWS)
    done = converted(tmp_path, MODELS[name].fit(ROWS, TARGET), samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done)
    assert [feature["nullable"] for feature in done.signature["features"]] == [True, True, True]
    assert done.cases[0]["inputs"]["X"]["shape"] == [1, 3]
    gaps = np.isnan(array_of(done.cases[1]["inputs"]["X"]))
    assert gaps.sum(axis=1).tolist() == [1] * 64
    assert not np.isnan(array_of(done.cases[-1]["inputs"]["X"])).any()


def test_a_column_whose_missing_values_come_out_otherwise_refuses_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repair of the trees is left out, as if a later release of the converter needed another one."""
    rows = np.where(RANDOM.random(ROWS.shape) < 0.3, np.nan, ROWS)
    model = RandomForestClassifier(10, random_state=0).fit(rows, RANDOM.integers(0, 2, 120))
    joblib.dump(model, tmp_path / "model.joblib")
    monkeypatch.setattr(converter, "mark_missing", lambda *_: True)
    write_request(tmp_path / "job", tmp_path / "model.joblib")
    source = converter.open_source(read_request(tmp_path / "job" / "request.json"))
    assert [feature.nullable for feature in source.signature.features] == [True, True, True]
    narrower = source.write(tmp_path / "model.onnx").source
    assert narrower is not None
    assert [feature.nullable for feature in narrower.signature.features] == [False, False, False]
    assert "missing values are refused" in narrower.notes[-1]


def test_a_model_that_takes_no_missing_values_says_so(tmp_path: Path) -> None:
    done = converted(tmp_path, LinearRegression().fit(ROWS, TARGET))
    assert not any(feature["nullable"] for feature in done.signature["features"])


def test_an_empty_text_is_a_text_and_no_gap(tmp_path: Path) -> None:
    """pandas and scikit-learn tell them apart: an imputer fills the gap, an encoder meets the text."""
    cities = np.array(["Bern", "Bern", "Genf", "Genf", None, "Bern"] * 10, dtype=object)
    frame = pd.DataFrame({"city": cities, "size": np.arange(60.0)})
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = make_column_transformer((texts, ["city"]), ("passthrough", ["size"]))
    model = make_pipeline(columns, LogisticRegression()).fit(frame, [city == "Genf" for city in cities])
    rows = [{"city": "", "size": 1.0}, {"city": None, "size": 1.0}, {"city": "Bern", "size": 1.0}]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    for samples in (str(tmp_path / "rows.jsonl"), None):
        done = converted(tmp_path, model, samples=samples)
        assert_answers_alike(done)
        last = done.cases[-1]
        given = last["inputs"]["city"]["data"]
        assert {"", MISSING_TEXT} <= set(given)
        if samples:
            chances = array_of(last["outputs"]["probabilities"])
            assert not np.array_equal(chances[0], chances[1])
            assert np.array_equal(chances[1], chances[2])
