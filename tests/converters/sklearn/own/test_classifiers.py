"""Classifiers of every kind that we write ourselves, on rows that they never saw."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from tests.converters.jobs import array_of, do
from tests.converters.sklearn.own.models import GAPS, ROWS, THREE, TWO, shown


def line(**options: Any) -> Any:
    return LogisticRegression(max_iter=500, **options)


FRACTIONS = np.random.default_rng(2).random((160, 2))
MODELS: dict[str, Any] = {
    "logistic": line(),
    "logistic_searched": LogisticRegressionCV(Cs=2, max_iter=300),
    "discriminant": LinearDiscriminantAnalysis(),
    "quadratic": QuadraticDiscriminantAnalysis(),
    "bayes": GaussianNB(),
    "bernoulli": BernoulliNB(binarize=4.0),
    "descent": make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0)),
    "descent_of_huber": SGDClassifier(loss="modified_huber", random_state=0),
    "neighbours": KNeighborsClassifier(4, metric="manhattan"),
    "near_neighbours": KNeighborsClassifier(weights="distance"),
    "vote": VotingClassifier([("a", line()), ("b", GaussianNB())], voting="soft", weights=[1, 3]),
    "hard_vote": VotingClassifier([("a", line()), ("b", LinearSVC()), ("c", GaussianNB())]),
    "bag": BaggingClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5, random_state=0),
    "bag_of_some": BaggingClassifier(line(), n_estimators=4, max_features=0.5, random_state=0),
    "bag_of_votes": BaggingClassifier(LinearSVC(), n_estimators=4, random_state=0),
    "stack": StackingClassifier([("a", GaussianNB()), ("b", LinearSVC())], cv=2, passthrough=True),
    "calibrated": CalibratedClassifierCV(LinearSVC(), cv=2),
    "calibrated_in_steps": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2),
    "calibrated_boosting": CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=4), cv=2),
    "one_against_rest": OneVsRestClassifier(line()),
    "boosting": GradientBoostingClassifier(n_estimators=5),
    "boosting_from_model": GradientBoostingClassifier(n_estimators=4, init=line()),
    "boosting_from_nothing": GradientBoostingClassifier(n_estimators=4, init="zero"),
    "adaptive": AdaBoostClassifier(n_estimators=5, random_state=0),
    "self_trained": SelfTrainingClassifier(line()),
    "constant": DummyClassifier(),
}
SCORED: dict[str, Any] = {
    "line": LinearSVC(),
    "ridge": RidgeClassifier(),
    "hinge": make_pipeline(StandardScaler(), SGDClassifier(random_state=0)),
    "perceptron": Perceptron(),
    "vectors": SVC(),
    "polynomial": SVC(kernel="poly", degree=2),
    "nu_vectors": NuSVC(nu=0.2),
    "rest": OneVsRestClassifier(LinearSVC()),
    "pairs": OneVsOneClassifier(line()),
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_three_classes_are_told_apart_as_by_the_model(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, MODELS[name], ROWS, np.array(["a", "Köln", "z"], dtype=object)[THREE])
    assert done.signature["class_labels"] == ["Köln", "a", "z"]
    roles = [output["role"] for output in done.signature["outputs"]]
    assert roles == (["label"] if name == "hard_vote" else ["label", "probabilities"])


@pytest.mark.parametrize("name", sorted(MODELS))
def test_two_classes_are_told_apart_as_by_the_model(name: str, tmp_path: Path) -> None:
    shown(tmp_path, MODELS[name], ROWS, TWO > 0)


@pytest.mark.parametrize("name", sorted(SCORED))
def test_what_has_no_probabilities_gives_its_scores(name: str, tmp_path: Path) -> None:
    for kind, target, shape in (("three", THREE, ["batch", 3]), ("two", TWO, ["batch"])):
        folder = tmp_path / kind
        folder.mkdir()
        done = shown(folder, SCORED[name], ROWS, target)
        scores = {"name": "scores", "dtype": "float32", "shape": shape, "role": "scores"}
        assert done.signature["outputs"][1] == scores
        assert np.ptp(array_of(done.cases[-1]["outputs"]["scores"])) > 0


@pytest.mark.parametrize(
    "model",
    [
        TunedThresholdClassifierCV(line(), scoring="balanced_accuracy", cv=2),
        FixedThresholdClassifier(RandomForestClassifier(7, random_state=0), threshold=0.7),
        FixedThresholdClassifier(LinearSVC(), threshold=0.3, pos_label=0),
    ],
)
def test_a_threshold_of_its_own_decides(model: Any, tmp_path: Path) -> None:
    done = shown(tmp_path, model, ROWS, TWO)
    outputs = done.cases[-1]["outputs"]
    if "probabilities" in outputs:
        usual = array_of(outputs["probabilities"])[:, 1] >= 0.5
        assert (usual != array_of(outputs["label"])).any()


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=6),
        RandomForestClassifier(6, random_state=0),
        BaggingClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=4, random_state=0),
    ],
)
def test_missing_values_go_where_the_model_sends_them(model: Any, tmp_path: Path) -> None:
    done = shown(tmp_path, model, GAPS, THREE)
    assert np.isnan(array_of(done.cases[-1]["inputs"]["X"])).any()
    assert all(feature["nullable"] for feature in done.signature["features"])


def test_seconds_since_1970_keep_their_last_digits(tmp_path: Path) -> None:
    """They differ by less than single precision can tell."""
    seconds = np.floor(1.7e9 + ROWS[:, :2] * 50)
    for at, model in enumerate((SVC(gamma=1e-4), KNeighborsClassifier(3), LinearDiscriminantAnalysis())):
        folder = tmp_path / str(at)
        folder.mkdir()
        shown(folder, model, seconds + FRACTIONS, TWO)


@pytest.mark.parametrize("only", ["only", 7])
@pytest.mark.parametrize(
    "model",
    [DecisionTreeClassifier(), RandomForestClassifier(2), GaussianNB()],
    ids=lambda m: type(m).__name__,
)
def test_a_model_of_one_class_answers_that_class(model: Any, only: Any, tmp_path: Path) -> None:
    done = shown(tmp_path, model, ROWS, np.array([only] * len(ROWS)))
    assert done.signature["class_labels"] == [only]


def test_numbers_of_categories_are_made_within_those_that_the_model_knows(tmp_path: Path) -> None:
    rows = np.stack([np.arange(160) % count for count in (2, 3, 5)], axis=1)
    done = shown(tmp_path, CategoricalNB(), rows, THREE)
    assert done.signature["outputs"][1]["role"] == "probabilities"
    made = do(tmp_path / "again", tmp_path / "model.joblib")
    assert np.array_equal(array_of(made.cases[-1]["inputs"]["X"]).max(axis=0), [1, 2, 4])
