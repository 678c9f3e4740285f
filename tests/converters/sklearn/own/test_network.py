"""Perceptrons of several layers: every activation and ending, in double precision."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tests.converters.jobs import assert_answers_alike, do

ROWS, TARGET = load_wine(return_X_y=True)
FAR = ROWS * 1e3 + 1.7e9
MODELS: dict[str, tuple[Any, Any, Any]] = {
    "three classes": (MLPClassifier((8, 4), "tanh", max_iter=20, random_state=0), ROWS, TARGET),
    "two words": (MLPClassifier((8,), "logistic", max_iter=20), ROWS, np.array(["a", "b"])[TARGET // 2]),
    "two numbers": (
        MLPRegressor(hidden_layer_sizes=(8,), activation="identity", max_iter=20, random_state=0),
        ROWS,
        np.stack([TARGET, TARGET * 2], axis=1),
    ),
    "timestamps": (MLPRegressor(hidden_layer_sizes=(8,), max_iter=20, random_state=0), FAR, TARGET),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("with_samples", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_perceptrons_answer_alike(name: str, with_samples: bool, tmp_path: Path) -> None:
    model, rows, target = MODELS[name]
    joblib.dump(model.fit(rows, target), tmp_path / "model.joblib")
    np.save(tmp_path / "rows.npy", rows)
    samples = str(tmp_path / "rows.npy") if with_samples else None
    done = do(tmp_path / "job", tmp_path / "model.joblib", samples=samples)
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["dtype"] == "float64"
