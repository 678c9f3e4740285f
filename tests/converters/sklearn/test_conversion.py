"""scikit-learn models of many kinds: the graph answers as the model does, whatever file it came in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.converters.jobs import array_of, assert_answers_alike, do
from tests.converters.sklearn.models import CLASSES, NAMES, ROWS, WITH_GAPS, bought, converted, mixed

CLASSIFIERS: dict[str, Any] = {
    "forest": RandomForestClassifier(20, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=8),
    "histogram_boosting": HistGradientBoostingClassifier(max_iter=8),
    "logistic": LogisticRegression(max_iter=500),
    "svc": make_pipeline(StandardScaler(), SVC()),
    "linear_svc": LinearSVC(),
    "neighbours": KNeighborsClassifier(),
    "bayes": GaussianNB(),
    "net": make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=60, tol=1e-1)),
    "vote": VotingClassifier([("a", LogisticRegression(max_iter=500)), ("b", GaussianNB())], voting="soft"),
    "stack": StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier(max_depth=2))]),
    "calibrated": CalibratedClassifierCV(LogisticRegression(max_iter=500)),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), GaussianNB()), {"gaussiannb__var_smoothing": [1e-9, 1e-6]}
    ),
    "selected": make_pipeline(SelectKBest(k=2), LogisticRegression(max_iter=500)),
}
IN_SINGLE = {"forest"}
OTHERS: dict[str, Any] = {
    "linear": LinearRegression(),
    "two_targets": LinearRegression(),
    "forest": RandomForestRegressor(10, random_state=0),
    "histogram_boosting": HistGradientBoostingRegressor(max_iter=10),
    "clusters": KMeans(3, n_init=1, random_state=0),
    "outliers": IsolationForest(n_estimators=5, random_state=0),
    "components": PCA(2),
}


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_classifiers_answer_alike(name: str, tmp_path: Path) -> None:
    done = converted(tmp_path, CLASSIFIERS[name].fit(ROWS, CLASSES))
    assert_answers_alike(done)
    assert done.signature["class_labels"] == [0, 1, 2]
    dtype = "float32" if name in IN_SINGLE else "float64"
    assert done.signature["inputs"] == [{"name": "X", "dtype": dtype, "shape": ["batch", 4]}]
    assert done.signature["outputs"][0] == {
        "name": "label",
        "dtype": "int64",
        "shape": ["batch"],
        "role": "label",
    }
    assert [feature["name"] for feature in done.signature["features"]] == ["x0", "x1", "x2", "x3"]
    assert len(done.cases) == 3
    assert done.cases[0]["inputs"]["X"]["shape"] == [1, 4]


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_other_models_answer_alike(name: str, tmp_path: Path) -> None:
    target = np.c_[CLASSES, ROWS[:, 0]] if name == "two_targets" else CLASSES * 1.5 + ROWS[:, 1]
    done = converted(tmp_path, OTHERS[name].fit(ROWS, target))
    assert_answers_alike(done)
    whole = name in ("clusters", "outliers")
    width = [] if whole else [2 if name in ("two_targets", "components") else 1]
    prediction = {
        "name": "prediction",
        "dtype": "int64" if whole else "float32",
        "shape": ["batch", *width],
        "role": "prediction",
    }
    scores = {"name": "scores", "dtype": "float32", "shape": ["batch"], "role": "scores"}
    assert done.signature["outputs"] == ([prediction, scores] if name == "outliers" else [prediction])


@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
def test_support_vectors_with_probabilities_answer_alike(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), SVC(probability=True, random_state=0)).fit(ROWS, NAMES)
    done = converted(tmp_path, model)
    assert_answers_alike(done)
    assert [spec["role"] for spec in done.signature["outputs"]] == ["label", "probabilities"]


@pytest.mark.parametrize(
    "model", [RandomForestClassifier(15, random_state=0), DecisionTreeClassifier(random_state=0)]
)
def test_trees_send_missing_values_where_the_model_sends_them(model: Any, tmp_path: Path) -> None:
    done = converted(tmp_path, model.fit(WITH_GAPS, CLASSES))
    assert all(feature["nullable"] for feature in done.signature["features"])
    given = array_of(done.cases[-1]["inputs"]["X"])
    assert np.isnan(given).any()
    assert_answers_alike(done)


def test_class_labels_of_every_type(tmp_path: Path) -> None:
    kinds: dict[str, tuple[Any, list[Any], bool]] = {
        "text": (NAMES, ["Köln", "setosa", "versicolor"], False),
        "boolean": (CLASSES > 0, [False, True], True),
        "float": (CLASSES * 2.0, [0.0, 2.0, 4.0], True),
        "unsigned": (CLASSES.astype(np.uint8) + 5, [5, 6, 7], False),
        "negative": (CLASSES - 1, [-1, 0, 1], False),
    }
    for kind, (labels, wanted, index) in kinds.items():
        done = converted(tmp_path / kind, LogisticRegression(max_iter=500).fit(ROWS, labels))
        assert_answers_alike(done)
        assert done.signature["class_labels"] == wanted
        assert done.signature["label_is_index"] is index
        assert done.signature["outputs"][0]["dtype"] == ("string" if kind == "text" else "int64")


@pytest.mark.parametrize(
    "save", [skops.io.dump, joblib.dump, lambda model, path: joblib.dump(model, path, compress=3)]
)
def test_every_kind_of_file_gives_the_same_graph(save: Callable[[Any, Path], Any], tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(ROWS, NAMES)
    # The ending says nothing: the content does.
    save(model, tmp_path / "a.bin")
    done = do(tmp_path / "a", tmp_path / "a.bin")
    assert_answers_alike(done)
    assert done.result["source"]["written_by"] == done.result["source"]["framework_version"]
    assert "sklearn.pipeline.Pipeline" in done.result["source"]["loads"]
    wanted = converted(tmp_path, model)
    assert (done.folder / "model.onnx").read_bytes() == (wanted.folder / "model.onnx").read_bytes()


@pytest.mark.parametrize("opset", [15, 22, 26])
def test_writes_no_newer_opset_than_the_runtime_reads(opset: int, tmp_path: Path) -> None:
    for name, model in (("a", IsolationForest(n_estimators=3)), ("b", RandomForestClassifier(3))):
        done = converted(tmp_path / name, model.fit(ROWS, CLASSES), max_opset=opset, max_ir_version=10)
        assert_answers_alike(done)
        assert done.result["model"]["opset"] <= opset


def test_the_same_model_gives_the_same_bytes(people: pandas.DataFrame, tmp_path: Path) -> None:
    model = mixed(RandomForestClassifier(5, random_state=0)).fit(people, bought(people))
    first, again = converted(tmp_path / "a", model), converted(tmp_path / "b", model)
    for name in ("model.onnx", "reference.json"):
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()
