"""scikit-learn models of many kinds: the graph answers as the model does, at its split values too."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
import sklearn
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
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
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.manifold import Isomap
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.converters.hostile_pickles import stacked_global, text, whole
from tests.converters.jobs import Done, array_of, assert_answers_alike, do

VERSION = sklearn.__version__.encode()
ROWS, CLASSES = load_iris(return_X_y=True)
WITH_GAPS = np.where(np.random.default_rng(1).random(ROWS.shape) < 0.15, np.nan, ROWS)
NAMES = np.array(["setosa", "versicolor", "Köln"])[CLASSES]

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


def converted(folder: Path, model: Any, **options: Any) -> Done:
    folder.mkdir(exist_ok=True)
    path = folder / "model.joblib"
    joblib.dump(model, path)
    return do(folder / "job", path, **options)


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


@pytest.fixture(scope="module")
def people() -> pandas.DataFrame:
    chance = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "age": chance.normal(40, 10, 200),
            "income (k$)": chance.exponential(50, 200),
            "city": chance.choice(["Paris", "Rome", "Köln"], 200),
            "rooms": chance.integers(1, 5, 200),
            "member": chance.random(200) < 0.5,
            "2nd": chance.normal(size=200),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


def bought(people: pandas.DataFrame) -> Any:
    return np.where((people["income (k$)"] > 40) ^ people["member"], "yes", "no")


def mixed(last: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (numbers, ["age", "income (k$)", "2nd"]), (words, ["city", "rooms", "member"])
    )
    return make_pipeline(columns, last)


@pytest.mark.parametrize(
    "last", [LogisticRegression(max_iter=500), RandomForestClassifier(8, random_state=0)]
)
def test_a_pipeline_over_mixed_columns_answers_alike(
    people: pandas.DataFrame, last: Any, tmp_path: Path
) -> None:
    people.assign(bought=bought(people)).to_csv(tmp_path / "rows.csv", index=False)
    model = mixed(last).fit(people, bought(people))
    for samples in ({}, {"samples": str(tmp_path / "rows.csv"), "labels": "bought"}):
        done = converted(tmp_path, model, **samples)
        assert_answers_alike(done)
        kinds = [(f["name"], f["kind"], f["input"], f["nullable"]) for f in done.signature["features"]]
        assert kinds == [
            ("age", "number", "age", True),
            ("income (k$)", "number", "income__k__", True),
            ("city", "text", "city", False),
            ("rooms", "integer", "rooms", False),
            ("member", "boolean", "member", False),
            ("2nd", "number", "column_2nd", True),
        ]
        assert [spec["dtype"] for spec in done.signature["inputs"]] == [
            "float64",
            "float64",
            "string",
            "int64",
            "bool",
            "float64",
        ]
    assert done.result["accuracy"]["rows"] == 64
    assert done.result["source"]["description"].startswith(
        "Pipeline(ColumnTransformer(Pipeline(SimpleImputer, StandardScaler)"
    )


@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
def test_missing_text_is_the_empty_text_of_the_graph(
    strategy: str, people: pandas.DataFrame, tmp_path: Path
) -> None:
    frame = people[["city", "income (k$)"]].copy()
    frame.loc[::5, "city"] = np.nan
    imputer = SimpleImputer(strategy=strategy, fill_value="none" if strategy == "constant" else None)
    columns = make_column_transformer(
        (make_pipeline(imputer, OneHotEncoder()), ["city"]), remainder="passthrough"
    )
    model = make_pipeline(columns, DecisionTreeClassifier(random_state=0)).fit(frame, bought(people))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for samples in ({}, {"samples": str(tmp_path / "rows.csv"), "rows": 200}):
        done = converted(tmp_path, model, **samples)
        assert_answers_alike(done)
        assert done.signature["features"][0]["nullable"]
        assert "" in array_of(done.cases[-1]["inputs"]["city"])
    assert np.array_equal(array_of(done.cases[-1]["outputs"]["label"]), model.predict(frame))


def test_an_empty_text_that_is_a_category_stays_one(people: pandas.DataFrame, tmp_path: Path) -> None:
    frame = people[["city"]].replace("Rome", "")
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(
        frame, bought(people)
    )
    done = converted(tmp_path, model)
    assert_answers_alike(done)
    assert not done.signature["features"][0]["nullable"]


def test_made_rows_reach_every_category_an_unseen_one_and_gaps(
    people: pandas.DataFrame, tmp_path: Path
) -> None:
    done = converted(tmp_path, mixed(LogisticRegression(max_iter=500)).fit(people, bought(people)))
    inputs = {name: array_of(tensor).ravel() for name, tensor in done.cases[-1]["inputs"].items()}
    assert set(inputs["city"]) == {"Köln", "Paris", "Rome", "never seen"}
    assert set(inputs["rooms"]) == {1, 2, 3, 4, 5}
    assert set(inputs["member"]) == {False, True}
    assert np.isnan(inputs["age"]).any()


def test_made_rows_lie_on_split_values_and_beside_them(tmp_path: Path) -> None:
    model = DecisionTreeClassifier(max_depth=1, random_state=0).fit(ROWS, CLASSES > 0)
    done = converted(tmp_path, model)
    split = np.float32(model.tree_.threshold[0])
    given = set(array_of(done.cases[-1]["inputs"]["X"])[:, model.tree_.feature[0]].tolist())
    assert {
        float(split),
        float(np.nextafter(split, np.float32(-9))),
        float(np.nextafter(split, np.float32(9))),
    } <= given


def test_columns_by_name_of_numbers_alone_are_one_matrix(people: pandas.DataFrame, tmp_path: Path) -> None:
    columns = make_column_transformer((StandardScaler(), ["age", "2nd"]), remainder="passthrough")
    frame = people[["age", "income (k$)", "2nd"]]
    done = converted(
        tmp_path,
        make_pipeline(columns, HistGradientBoostingClassifier(max_iter=5)).fit(frame, bought(people)),
    )
    assert_answers_alike(done)
    assert done.signature["inputs"] == [{"name": "X", "dtype": "float64", "shape": ["batch", 3]}]
    assert [f["name"] for f in done.signature["features"]] == ["age", "income (k$)", "2nd"]


def test_columns_by_number_of_an_array_answer_alike(people: pandas.DataFrame, tmp_path: Path) -> None:
    columns = make_column_transformer(
        (StandardScaler(), [1, 5]), (OrdinalEncoder(), [2]), (OneHotEncoder(), [3])
    )
    done = converted(
        tmp_path, make_pipeline(columns, LogisticRegression()).fit(people.to_numpy(), bought(people))
    )
    assert_answers_alike(done)
    assert [f["kind"] for f in done.signature["features"]] == [
        "number",
        "number",
        "text",
        "integer",
        "number",
        "number",
    ]


def test_texts_answer_alike_whatever_the_locale(tmp_path: Path) -> None:
    texts = ["good day", "bad day", "very good", "very very bad"] * 10
    done = converted(
        tmp_path, make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, ["+", "-", "+", "-"] * 10)
    )
    assert_answers_alike(done)
    assert [f["kind"] for f in done.signature["features"]] == ["text"]


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


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stop_words": ["very"]},
        {"ngram_range": (1, 2), "token_pattern": "[a-zA-Z0-9_]+"},
        {"max_features": 3},
    ],
)
def test_made_texts_know_the_model_s_words_with_letters_and_marks_between(
    options: dict[str, Any], tmp_path: Path
) -> None:
    texts = ["good day a good", "bad day", "very good, or not", "very very bad"] * 10
    model = make_pipeline(TfidfVectorizer(**options), LogisticRegression()).fit(texts, [0, 1, 0, 1] * 10)
    done = converted(tmp_path, model)
    assert_answers_alike(done)
    made = array_of(done.cases[-1]["inputs"]["text"]).ravel().tolist()
    assert sum(any(term in text for term in model[0].vocabulary_) for text in made) > len(made) / 2
    assert any(" a " in text for text in made)


def refusals() -> dict[str, tuple[Any, str]]:
    rounded = FunctionTransformer(np.log1p, kw_args={"casting": "same_kind"})
    function = make_pipeline(rounded, LogisticRegression(max_iter=500))
    texts = ["good day", "bad day"] * 4
    accents = make_pipeline(TfidfVectorizer(strip_accents="unicode"), LogisticRegression())
    hashes = make_pipeline(HashingVectorizer(n_features=8), LogisticRegression())
    return {
        "function": (function.fit(ROWS, CLASSES), "FunctionTransformer calls log1p with options of its own"),
        "accents": (accents.fit(texts, [0, 1] * 4), "TfidfVectorizer with strip_accents= has no exact form"),
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
        "accents",
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
