"""Models of tables as TFLite by way of their ONNX: the same names, rows and answers, or a refusal by name."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.converters.jobs import Done, array_of, do
from tests.converters.tflite.answers import assert_answers_alike

X, KINDS = load_iris(return_X_y=True)
ROWS, NUMBERS = load_diabetes(return_X_y=True)
GAPS = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[KINDS]
TABLE = pd.DataFrame({"length": X[:, 0], "code": (X[:, 1] * 10).astype(int), "wide": X[:, 2] > 3})

CLASSIFIERS: dict[str, Any] = {
    "logistic regression": LogisticRegression(max_iter=500),
    "discriminant analysis": LinearDiscriminantAnalysis(),
    "scaler, PCA and logistic regression": make_pipeline(StandardScaler(), PCA(3), LogisticRegression()),
    "naive Bayes": GaussianNB(),
    "network": MLPClassifier(hidden_layer_sizes=(8,), max_iter=300, random_state=0),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(20, random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=10),
    "boosted stumps": AdaBoostClassifier(n_estimators=5, random_state=0),
    "calibrated": CalibratedClassifierCV(LogisticRegression(max_iter=500), cv=2),
}
REGRESSORS: dict[str, Any] = {
    "linear regression": LinearRegression(),
    "regression forest": RandomForestRegressor(10, max_depth=6, random_state=0),
    "regression network": MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=0),
}


def translated(folder: Path, model: Any, **changes: Any) -> Done:
    """Both jobs, as the front runs them: the model to ONNX, and that to TFLite."""
    joblib.dump(model, folder / "model.joblib")
    first = do(folder / "onnx", folder / "model.joblib", **changes)
    assert first.result["ok"], first.result
    return second(folder, first.folder)


def second(folder: Path, converted: Path) -> Done:
    source = converted / "model.onnx"
    return do(folder / "tflite", source, action="translate", format="tflite", converted=str(converted))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_answers_as_its_source(tmp_path: Path, name: str) -> None:
    done = translated(tmp_path, CLASSIFIERS[name].fit(X, KINDS))
    assert_answers_alike(done)
    assert [(one["role"], one["dtype"]) for one in done.signature["outputs"][:2]] == [
        ("label", "int64"),
        ("probabilities", "float32"),
    ]
    assert [one["shape"] for one in done.signature["inputs"]] == [["batch", 4]]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regressor_answers_as_its_source(tmp_path: Path, name: str) -> None:
    assert_answers_alike(translated(tmp_path, REGRESSORS[name].fit(ROWS, NUMBERS)), 1e-4)


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=10),
        RandomForestClassifier(10, random_state=0),
        make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)),
    ],
    ids=["boosting", "forest", "imputer"],
)
def test_missing_values_go_where_they_go_in_the_source(tmp_path: Path, model: Any) -> None:
    done = translated(tmp_path, model.fit(GAPS, KINDS))
    assert any(np.isnan(array_of(case["inputs"]["X"])).any() for case in done.cases)
    assert_answers_alike(done)


def test_columns_of_several_kinds_stay_inputs_of_their_own(tmp_path: Path) -> None:
    columns = make_column_transformer(
        (StandardScaler(), ["length"]),
        (OneHotEncoder(handle_unknown="ignore"), ["code"]),
        ("passthrough", ["wide"]),
    )
    done = translated(tmp_path, make_pipeline(columns, LogisticRegression()).fit(TABLE, KINDS))
    assert_answers_alike(done)
    assert [one["name"] for one in done.signature["inputs"]] == ["length", "code", "wide"]
    assert done.signature["inputs"][1]["dtype"] == "int64"


def test_an_unknown_category_is_encoded_as_in_the_source(tmp_path: Path) -> None:
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, ["code"]), remainder="passthrough")
    model = make_pipeline(columns, RandomForestClassifier(5, random_state=0)).fit(TABLE, KINDS)
    pd.DataFrame({"length": [5.0, 6.0], "code": [999, 30], "wide": [True, False]}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    assert_answers_alike(translated(tmp_path, model, samples=str(tmp_path / "rows.csv")))


def test_class_labels_that_are_texts_become_places(tmp_path: Path) -> None:
    done = translated(tmp_path, LogisticRegression(max_iter=500).fit(X, NAMES))
    assert_answers_alike(done)
    assert done.signature["label_is_index"]
    assert done.signature["class_labels"] == ["setosa", "versicolor", "virginica"]
    assert {int(place) for place in array_of(done.cases[-1]["outputs"]["label"])} <= {0, 1, 2}


def test_doubles_become_single_precision_and_it_is_said(tmp_path: Path) -> None:
    done = translated(tmp_path, LogisticRegression(max_iter=500).fit(X, KINDS))
    assert done.signature["inputs"][0]["dtype"] == "float32"
    assert any("single precision" in note for note in done.result["notes"])


def test_trees_are_said_to_be_slower(tmp_path: Path) -> None:
    done = translated(tmp_path, DecisionTreeClassifier(random_state=0).fit(X, KINDS))
    assert any("slower" in note for note in done.result["notes"])


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    model = RandomForestClassifier(5, random_state=0).fit(X, KINDS)
    once, again = tmp_path / "once", tmp_path / "again"
    once.mkdir()
    again.mkdir()
    files = [translated(folder, model).folder / "model.tflite" for folder in (once, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_refuses_columns_of_text_by_name(tmp_path: Path) -> None:
    words = ["good day", "bad night", "good night", "bad day"]
    model = make_pipeline(TfidfVectorizer(token_pattern="[a-z]+"), LogisticRegression()).fit(
        words, [1, 0, 1, 0]
    )
    error = translated(tmp_path, model).error
    assert error["kind"] == "ConversionError"
    assert "text columns cannot be in TFLite" in error["message"]
    assert error["hint"] == "build ONNX: leave out --format tflite"


def test_refuses_what_has_no_operators_by_name(tmp_path: Path) -> None:
    error = translated(tmp_path, KNeighborsClassifier(3).fit(X, KINDS)).error
    assert "There is no way to write this model as TFLite" in error["message"]
    assert error["environment"] is None


def test_a_network_is_for_another_environment(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3])
    infos = [
        onnx.helper.make_tensor_value_info(name, 1, shape)
        for name, shape in (("x", ["batch", 1, 8, 8]), ("y", ["batch", 2, 6, 6]))
    ]
    weights = onnx.numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    graph = onnx.helper.make_graph([node], "g", infos[:1], infos[1:], [weights])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "model.onnx")
    first = do(tmp_path / "onnx", tmp_path / "model.onnx")
    assert second(tmp_path, first.folder).error["environment"] == "onnx2tf"


def test_refuses_a_file_that_is_not_the_model(tmp_path: Path) -> None:
    """The graph of one model beside the answers of another."""
    folders = {}
    for name, target in (("one", KINDS), ("other", KINDS[::-1])):
        folder = tmp_path / name
        folder.mkdir()
        joblib.dump(DecisionTreeClassifier(random_state=0).fit(X, target), folder / "model.joblib")
        folders[name] = do(folder / "onnx", folder / "model.joblib").folder
    (folders["one"] / "reference.json").write_bytes((folders["other"] / "reference.json").read_bytes())
    error = second(tmp_path, folders["one"]).error
    assert error["kind"] == "ConversionError"
    assert "rows otherwise than the model" in error["message"]
