"""What cannot be right, and files of other versions, are told by name."""

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import Isomap
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.converters.hostile_pickles import stacked_global, text, whole
from tests.converters.jobs import assert_answers_alike, do
from tests.converters.sklearn.models import CLASSES, ROWS, VERSION, converted


@cache
def refusals() -> dict[str, tuple[Any, str]]:
    rounded = FunctionTransformer(np.log1p, kw_args={"casting": "same_kind"})
    function = make_pipeline(rounded, LogisticRegression(max_iter=500))
    texts = ["good day", "bad day"] * 4
    own_steps = make_pipeline(TfidfVectorizer(preprocessor=str), LogisticRegression())
    hashes = make_pipeline(HashingVectorizer(n_features=8), LogisticRegression())
    return {
        "function": (function.fit(ROWS, CLASSES), "FunctionTransformer calls log1p with options of its own"),
        "own_steps": (
            own_steps.fit(texts, [0, 1] * 4),
            "TfidfVectorizer with preprocessor= has no exact form",
        ),
        "hashes": (hashes.fit(texts, [0, 1] * 4), "HashingVectorizer keeps no words"),
        "solver": (GaussianProcessClassifier().fit(ROWS[:60], CLASSES[:60]), "solves equations for each row"),
        "several": (
            MLPClassifier((4,), max_iter=60, tol=1e-1).fit(ROWS, np.c_[CLASSES > 0, CLASSES > 1]),
            "MLPClassifier decides several targets at once in a way that cannot be taken apart",
        ),
        "grouping": (DBSCAN().fit(ROWS), "DBSCAN has no predict for new rows"),
        "unknown": (
            make_pipeline(Isomap(n_neighbors=60), LogisticRegression()).fit(ROWS, CLASSES),
            "it has no converter for Isomap",
        ),
        "unfitted": (LogisticRegression(), "is not fitted"),
        "dictionary": ({"model": 1}, "holds a dict, not a scikit-learn model"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "function",
        "own_steps",
        "hashes",
        "solver",
        "several",
        "grouping",
        "unknown",
        "unfitted",
        "dictionary",
    ],
)
def test_refuses_what_cannot_be_right_by_name(name: str, tmp_path: Path) -> None:
    model, words = refusals()[name]
    error = converted(tmp_path, model).error
    assert words in error["message"]
    assert error["hint"]


def test_a_model_of_another_version_is_taken_with_a_note(tmp_path: Path) -> None:
    joblib.dump(LogisticRegression(max_iter=500).fit(ROWS, CLASSES), tmp_path / "model.joblib")
    other = (tmp_path / "model.joblib").read_bytes().replace(b"\x8c\x05" + VERSION, b"\x8c\x051.7.0")
    (tmp_path / "other.joblib").write_bytes(other)
    done = do(tmp_path / "job", tmp_path / "other.joblib")
    assert_answers_alike(done)
    assert done.result["source"]["written_by"] == "1.7.0"
    assert "1.7.0 wrote the model" in done.result["notes"][0]


def test_a_model_that_needs_an_older_version_says_which(tmp_path: Path) -> None:
    """By what the pickle names, and by what its objects lack."""
    model = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)).fit(ROWS, CLASSES)
    del model[0]._fill_dtype
    joblib.dump(model, tmp_path / "model.joblib")
    other = (tmp_path / "model.joblib").read_bytes().replace(b"\x8c\x05" + VERSION, b"\x8c\x051.7.0")
    (tmp_path / "lacking.joblib").write_bytes(other)
    version = text("_sklearn_version") + text("1.3.2")
    state = (
        pickle.EMPTY_DICT
        + version
        + pickle.SETITEM
        + text("loss")
        + stacked_global("_loss", "CyHalf")
        + pickle.SETITEM
    )
    named = (
        stacked_global("sklearn.linear_model._logistic", "LogisticRegression")
        + pickle.EMPTY_TUPLE
        + pickle.NEWOBJ
    )
    (tmp_path / "named.joblib").write_bytes(whole(named, state, pickle.BUILD))
    lacking = do(tmp_path / "a", tmp_path / "lacking.joblib").error
    assert "has no attribute '_fill_dtype'" in lacking["message"]
    assert lacking["hint"] == "convert it with scikit-learn 1.7.0"
    error = do(tmp_path / "b", tmp_path / "named.joblib").error
    assert "written by scikit-learn 1.3.2 and needs _loss.CyHalf" in error["message"]
    assert error["hint"] == "convert it with scikit-learn 1.3.2"
