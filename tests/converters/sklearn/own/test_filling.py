"""Imputers that ask neighbours or models: their own gaps, equal distances, rows of gaps alone."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from tests.converters.jobs import array_of, do
from tests.converters.sklearn.own.models import GAPS, NUMBERS, ROWS, THREE, shown

NEVER = np.where(np.arange(4) == 2, np.nan, GAPS)
ALONE = np.where(np.arange(160)[:, None] % 9 == 4, np.nan, GAPS)
MARKED = np.where(np.isnan(GAPS), -1.0, np.abs(ROWS))
TREE = DecisionTreeRegressor(max_depth=3, random_state=0)
IMPUTERS: dict[str, tuple[Any, Any]] = {
    "neighbours": (KNNImputer(n_neighbors=3), GAPS),
    "near neighbours": (KNNImputer(weights="distance", add_indicator=True), GAPS),
    "more neighbours than rows": (KNNImputer(n_neighbors=500), GAPS),
    "rows of gaps alone": (KNNImputer(), ALONE),
    "a column of gaps alone": (KNNImputer(), NEVER),
    "a column of gaps that stays": (KNNImputer(keep_empty_features=True), NEVER),
    "a mark for gaps": (KNNImputer(missing_values=-1.0), MARKED),
    "in turns": (IterativeImputer(max_iter=3, random_state=0), GAPS),
    "in turns by a tree": (
        IterativeImputer(TREE, max_iter=2, random_state=0, add_indicator=True),
        GAPS,
    ),
    "in turns within bounds": (
        IterativeImputer(Ridge(), max_iter=2, min_value=2.0, max_value=[6.0, 4, 5, 3], random_state=0),
        GAPS,
    ),
    "in turns from medians": (
        IterativeImputer(max_iter=2, initial_strategy="median", n_nearest_features=2, random_state=0),
        ALONE,
    ),
    "in turns without a column": (IterativeImputer(max_iter=2, random_state=0), NEVER),
    "first guesses alone": (IterativeImputer(max_iter=0), GAPS),
}


@pytest.mark.filterwarnings("ignore:.*converge.*", "ignore:.*Skipping features.*")
@pytest.mark.parametrize("name", sorted(IMPUTERS))
def test_gaps_are_filled_as_by_the_model(name: str, tmp_path: Path) -> None:
    imputer, rows = IMPUTERS[name]
    done = shown(tmp_path, make_pipeline(imputer, StandardScaler(), LogisticRegression()), rows, THREE)
    assert all(feature["nullable"] for feature in done.signature["features"]) == ("mark" not in name)


@pytest.mark.parametrize("imputer", [KNNImputer(), IterativeImputer(max_iter=2, random_state=0)])
def test_trees_may_follow_and_an_imputer_may_be_the_last_step(imputer: Any, tmp_path: Path) -> None:
    for at, model in enumerate((make_pipeline(imputer, RandomForestClassifier(5, random_state=0)), imputer)):
        (tmp_path / str(at)).mkdir()
        shown(tmp_path / str(at), model, GAPS, THREE)


def test_gaps_are_refused_where_neighbours_are_equally_near_with_other_values(tmp_path: Path) -> None:
    """Which of them counts depends on how numpy sorts, which a graph cannot follow."""
    whole = np.where(np.isnan(GAPS), np.nan, np.round(GAPS))
    joblib.dump(
        make_pipeline(KNNImputer(n_neighbors=2), Ridge()).fit(whole, NUMBERS), tmp_path / "model.joblib"
    )
    done = do(tmp_path / "job", tmp_path / "model.joblib")
    assert not any(feature["nullable"] for feature in done.signature["features"])
    assert "missing values are refused" in done.result["notes"][0]


def test_a_row_without_any_value_is_answered_as_the_model_answers_it_alone(tmp_path: Path) -> None:
    """scikit-learn then stays with its first guess, but not in the company of other rows."""
    import onnxruntime

    model = IterativeImputer(max_iter=3, random_state=0).fit(GAPS)
    joblib.dump(model, tmp_path / "model.joblib")
    done = do(tmp_path / "job", tmp_path / "model.joblib")
    session = onnxruntime.InferenceSession(done.folder / "model.onnx")
    nothing = np.full((1, 4), np.nan)
    for rows in (nothing, np.concatenate([nothing, ROWS[:2]])):
        kind = np.dtype(done.signature["inputs"][0]["dtype"])
        (made,) = session.run(None, {"X": rows.astype(kind)})
        assert np.allclose(made, model.transform(rows), atol=1e-4)
    assert np.isnan(array_of(done.cases[-1]["inputs"]["X"])).any()


@pytest.mark.parametrize(
    ("imputer", "words"),
    [
        (IterativeImputer(sample_posterior=True, max_iter=2), "draws random numbers for each row"),
        (KNNImputer(weights=np.reciprocal), "calls a Python function for its weights"),
    ],
)
def test_what_has_no_form_is_refused_by_name(imputer: Any, words: str, tmp_path: Path) -> None:
    joblib.dump(make_pipeline(imputer, Ridge()).fit(GAPS, NUMBERS), tmp_path / "model.joblib")
    assert words in do(tmp_path / "job", tmp_path / "model.joblib").error["message"]
