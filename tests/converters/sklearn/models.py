"""Rows, models and jobs that the tests of scikit-learn share."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.converters.jobs import Done, do

VERSION = sklearn.__version__.encode()
ROWS, CLASSES = load_iris(return_X_y=True)
WITH_GAPS = np.where(np.random.default_rng(1).random(ROWS.shape) < 0.15, np.nan, ROWS)
NAMES = np.array(["setosa", "versicolor", "Köln"])[CLASSES]


def converted(folder: Path, model: Any, **options: Any) -> Done:
    folder.mkdir(exist_ok=True)
    path = folder / "model.joblib"
    joblib.dump(model, path)
    return do(folder / "job", path, **options)


def bought(people: pandas.DataFrame) -> Any:
    return np.where((people["income (k$)"] > 40) ^ people["member"], "yes", "no")


def mixed(last: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (numbers, ["age", "income (k$)", "2nd"]), (words, ["city", "rooms", "member"])
    )
    return make_pipeline(columns, last)
