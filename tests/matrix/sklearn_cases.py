"""scikit-learn: estimators, and pipelines of them, over the numbers of the wine measurements."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.matrix import sklearn_columns
from tests.matrix.case import Case, Files
from tests.matrix.sklearn_making import Fit, logistic, made, pipeline, scaled
from tests.matrix.wine import given, number, positive, two_classes, two_numbers, wine, with_gaps

Change = Callable[..., Any]


def _numbers(
    name: str,
    fit: Fit,
    target: Change | None = None,
    rows: Change | None = None,
    samples: bool = True,
    **more: Any,
) -> Case:
    """A model over the wine; ``target`` is made of the rows and their classes, ``rows`` of the rows."""

    def make(folder: Path) -> Files:
        import joblib

        data, classes = wine()
        taken = rows(data) if rows else data
        joblib.dump(fit().fit(taken, target(data, classes) if target else classes), folder / "model.joblib")
        return given(folder / "model.joblib", taken) if samples else Files(folder / "model.joblib")

    return Case("scikit-learn", name, make, **more)


def _unseen(name: str, fit: Fit) -> Case:
    """Without samples: the rows are made from the signature."""
    return _numbers(f"{name} (no samples)", fit, samples=False)


def _gaps(name: str, fit: Fit) -> Case:
    """Trained on missing values, and asked with them."""
    return _numbers(name, fit, rows=with_gaps)


def _is_first(_rows: Any, classes: Any) -> Any:
    return classes == 0


def _two_labels(rows: Any, classes: Any) -> Any:
    return np.column_stack([classes, two_classes(rows, classes)])


_FOREST = {"n_estimators": 30, "random_state": 0}
CASES = [
    _numbers("LogisticRegression", logistic),
    _numbers("LogisticRegression unscaled", lambda: made("linear_model.LogisticRegression", max_iter=5000)),
    _numbers(
        "SGDClassifier log_loss",
        lambda: scaled(made("linear_model.SGDClassifier", loss="log_loss", random_state=0)),
    ),
    _numbers("RidgeClassifier", lambda: made("linear_model.RidgeClassifier")),
    _numbers("Perceptron", lambda: scaled(made("linear_model.Perceptron"))),
    _numbers("LinearSVC", lambda: scaled(made("svm.LinearSVC"))),
    _numbers("SVC rbf", lambda: scaled(made("svm.SVC"))),
    _numbers("SVC with probabilities", lambda: scaled(made("svm.SVC", probability=True, random_state=0))),
    _numbers("NuSVC", lambda: scaled(made("svm.NuSVC"))),
    _numbers("KNeighborsClassifier", lambda: scaled(made("neighbors.KNeighborsClassifier", n_neighbors=5))),
    _numbers("GaussianNB", lambda: made("naive_bayes.GaussianNB")),
    _numbers("LinearDiscriminantAnalysis", lambda: made("discriminant_analysis.LinearDiscriminantAnalysis")),
    _numbers(
        "QuadraticDiscriminantAnalysis",
        lambda: made("discriminant_analysis.QuadraticDiscriminantAnalysis"),
    ),
    _numbers("DecisionTreeClassifier", lambda: made("tree.DecisionTreeClassifier", random_state=0)),
    _numbers("RandomForestClassifier", lambda: made("ensemble.RandomForestClassifier", **_FOREST)),
    _unseen("RandomForestClassifier", lambda: made("ensemble.RandomForestClassifier", **_FOREST)),
    _numbers("ExtraTreesClassifier", lambda: made("ensemble.ExtraTreesClassifier", **_FOREST)),
    _numbers(
        "GradientBoostingClassifier",
        lambda: made("ensemble.GradientBoostingClassifier", n_estimators=20, random_state=0),
    ),
    _numbers(
        "HistGradientBoostingClassifier",
        lambda: made("ensemble.HistGradientBoostingClassifier", max_iter=20, random_state=0),
    ),
    _unseen(
        "HistGradientBoostingClassifier",
        lambda: made("ensemble.HistGradientBoostingClassifier", max_iter=20, random_state=0),
    ),
    _numbers(
        "AdaBoostClassifier", lambda: made("ensemble.AdaBoostClassifier", n_estimators=20, random_state=0)
    ),
    _numbers(
        "BaggingClassifier", lambda: made("ensemble.BaggingClassifier", n_estimators=10, random_state=0)
    ),
    _numbers(
        "MLPClassifier",
        lambda: scaled(made("neural_network.MLPClassifier", max_iter=300, random_state=0)),
    ),
    _numbers(
        "CalibratedClassifierCV sigmoid",
        lambda: scaled(made("calibration.CalibratedClassifierCV", estimator=made("svm.LinearSVC"))),
    ),
    _numbers(
        "CalibratedClassifierCV isotonic",
        lambda: made(
            "calibration.CalibratedClassifierCV",
            estimator=made("naive_bayes.GaussianNB"),
            method="isotonic",
        ),
    ),
    _numbers(
        "VotingClassifier soft",
        lambda: made(
            "ensemble.VotingClassifier",
            estimators=[
                ("lr", logistic()),
                ("nb", made("naive_bayes.GaussianNB")),
            ],
            voting="soft",
        ),
    ),
    _numbers(
        "StackingClassifier",
        lambda: made(
            "ensemble.StackingClassifier",
            estimators=[
                ("lr", logistic()),
                ("nb", made("naive_bayes.GaussianNB")),
            ],
        ),
    ),
    _numbers(
        "OneVsRestClassifier",
        lambda: made(
            "multiclass.OneVsRestClassifier", estimator=made("linear_model.LogisticRegression", max_iter=5000)
        ),
    ),
    _numbers(
        "GridSearchCV over a pipeline",
        lambda: made(
            "model_selection.GridSearchCV",
            estimator=logistic(),
            param_grid={"logisticregression__C": [0.1, 1.0]},
        ),
    ),
    _numbers(
        "FixedThresholdClassifier",
        lambda: made(
            "model_selection.FixedThresholdClassifier",
            estimator=logistic(),
            threshold=0.3,
        ),
        lambda data, classes: (classes == 0).astype(int),
    ),
    _numbers(
        "LogisticRegression over booleans", lambda: scaled(made("linear_model.LogisticRegression")), _is_first
    ),
    _numbers(
        "MultiOutputClassifier",
        lambda: made(
            "multioutput.MultiOutputClassifier",
            estimator=made("linear_model.LogisticRegression", max_iter=5000),
        ),
        _two_labels,
    ),
    _numbers(
        "RandomForestClassifier of two targets",
        lambda: made("ensemble.RandomForestClassifier", **_FOREST),
        _two_labels,
    ),
    _numbers("LinearRegression", lambda: made("linear_model.LinearRegression"), number),
    _numbers("LinearRegression of two targets", lambda: made("linear_model.LinearRegression"), two_numbers),
    _numbers("PoissonRegressor", lambda: scaled(made("linear_model.PoissonRegressor")), positive),
    _numbers("SVR", lambda: scaled(made("svm.SVR")), number),
    _numbers("KNeighborsRegressor", lambda: scaled(made("neighbors.KNeighborsRegressor")), number),
    _numbers("RandomForestRegressor", lambda: made("ensemble.RandomForestRegressor", **_FOREST), number),
    _numbers(
        "GradientBoostingRegressor",
        lambda: made("ensemble.GradientBoostingRegressor", n_estimators=20, random_state=0),
        number,
    ),
    _numbers(
        "HistGradientBoostingRegressor",
        lambda: made("ensemble.HistGradientBoostingRegressor", max_iter=20, random_state=0),
        number,
    ),
    _numbers(
        "HistGradientBoostingRegressor poisson",
        lambda: made("ensemble.HistGradientBoostingRegressor", loss="poisson", max_iter=20, random_state=0),
        positive,
    ),
    _numbers(
        "MLPRegressor",
        lambda: scaled(made("neural_network.MLPRegressor", max_iter=300, random_state=0)),
        number,
    ),
    _numbers(
        "GaussianProcessRegressor",
        lambda: scaled(made("gaussian_process.GaussianProcessRegressor", alpha=0.1)),
        number,
    ),
    _numbers(
        "TransformedTargetRegressor log",
        lambda: made(
            "compose.TransformedTargetRegressor",
            regressor=scaled(made("linear_model.Ridge")),
            func=np.log1p,
            inverse_func=np.expm1,
        ),
        positive,
    ),
    _numbers(
        "MultiOutputRegressor",
        lambda: made("multioutput.MultiOutputRegressor", estimator=made("linear_model.Ridge")),
        two_numbers,
    ),
    _numbers("IsolationForest", lambda: made("ensemble.IsolationForest", n_estimators=20, random_state=0)),
    _numbers("OneClassSVM", lambda: scaled(made("svm.OneClassSVM"))),
    _numbers(
        "LocalOutlierFactor novelty", lambda: scaled(made("neighbors.LocalOutlierFactor", novelty=True))
    ),
    _numbers("KMeans", lambda: scaled(made("cluster.KMeans", n_clusters=3, n_init=2, random_state=0))),
    _numbers(
        "GaussianMixture",
        lambda: scaled(made("mixture.GaussianMixture", n_components=3, random_state=0)),
    ),
    _numbers("PCA", lambda: scaled(made("decomposition.PCA", n_components=4))),
    _numbers("TruncatedSVD", lambda: made("decomposition.TruncatedSVD", n_components=4, random_state=0)),
    _numbers(
        "SelectKBest and RandomForest",
        lambda: pipeline(
            made("feature_selection.SelectKBest", k=5), made("ensemble.RandomForestClassifier", **_FOREST)
        ),
    ),
    _numbers(
        "PolynomialFeatures and Ridge",
        lambda: pipeline(made("preprocessing.PolynomialFeatures"), made("linear_model.RidgeClassifier")),
    ),
    _numbers(
        "PowerTransformer",
        lambda: pipeline(
            made("preprocessing.PowerTransformer"), made("linear_model.LogisticRegression", max_iter=500)
        ),
    ),
    _numbers(
        "FunctionTransformer log1p",
        lambda: pipeline(
            made("preprocessing.FunctionTransformer", func=np.log1p),
            made("linear_model.LogisticRegression", max_iter=5000),
        ),
    ),
    _gaps(
        "SimpleImputer with indicator",
        lambda: pipeline(
            made("impute.SimpleImputer", add_indicator=True),
            made("linear_model.LogisticRegression", max_iter=5000),
        ),
    ),
    _gaps(
        "KNNImputer",
        lambda: pipeline(made("impute.KNNImputer"), logistic()),
    ),
    _gaps(
        "HistGradientBoostingClassifier with gaps",
        lambda: made("ensemble.HistGradientBoostingClassifier", max_iter=20, random_state=0),
    ),
    _gaps("RandomForestClassifier with gaps", lambda: made("ensemble.RandomForestClassifier", **_FOREST)),
    *sklearn_columns.CASES,
    _numbers("LogisticRegression", logistic, format="tflite"),
    _numbers(
        "LinearDiscriminantAnalysis",
        lambda: made("discriminant_analysis.LinearDiscriminantAnalysis"),
        format="tflite",
    ),
    _numbers(
        "RandomForestClassifier",
        lambda: made("ensemble.RandomForestClassifier", n_estimators=10, random_state=0),
        format="tflite",
    ),
    _numbers(
        "HistGradientBoostingRegressor",
        lambda: made("ensemble.HistGradientBoostingRegressor", max_iter=10, random_state=0),
        number,
        format="tflite",
    ),
    _numbers("DBSCAN", lambda: made("cluster.DBSCAN"), refused=("ConversionError", "DBSCAN")),
    _numbers(
        "FunctionTransformer with a function of the user's",
        lambda: pipeline(
            made("preprocessing.FunctionTransformer", func=np.unwrap),
            made("linear_model.LogisticRegression", max_iter=5000),
        ),
        refused=("UnsafeModelError", "unwrap"),
    ),
]
