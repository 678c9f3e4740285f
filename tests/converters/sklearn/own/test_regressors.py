"""Regressors, outlier detectors and clusters that we write ourselves, on rows that they never saw."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestRegressor,
    StackingRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    BayesianRidge,
    GammaRegressor,
    LassoLarsIC,
    LinearRegression,
    PoissonRegressor,
    Ridge,
    SGDOneClassSVM,
    TweedieRegressor,
)
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.neighbors import KNeighborsRegressor, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVR, OneClassSVM

from tests.converters.jobs import assert_answers_alike, do
from tests.converters.sklearn.own.models import NUMBERS, ROWS, shown

POSITIVE = np.abs(NUMBERS) + 0.1
MODELS: dict[str, Any] = {
    "line": LinearRegression(),
    "bayes": BayesianRidge(),
    "least_angles": LassoLarsIC(),
    "poisson": PoissonRegressor(),
    "gamma": GammaRegressor(),
    "tweedie": TweedieRegressor(power=1.5),
    "vectors": make_pipeline(StandardScaler(), SVR()),
    "neighbours": KNeighborsRegressor(weights="distance"),
    "kernel": KernelRidge(kernel="rbf"),
    "process": GaussianProcessRegressor(alpha=0.1),
    "boosting": GradientBoostingRegressor(n_estimators=6, loss="huber"),
    "boosting_from_model": GradientBoostingRegressor(n_estimators=5, init=LinearRegression()),
    "counts": HistGradientBoostingRegressor(max_iter=6, loss="poisson"),
    "sizes": HistGradientBoostingRegressor(max_iter=6, loss="gamma"),
    "quantile": HistGradientBoostingRegressor(max_iter=6, loss="quantile", quantile=0.8),
    "logarithm": TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1),
    "scaled": TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
    "stack": StackingRegressor([("a", LinearRegression()), ("b", Ridge())], cv=2),
    "constant": DummyRegressor(),
}
SEVERAL: dict[str, Any] = {
    "line": LinearRegression(),
    "chain": RegressorChain(Ridge(), order=[1, 0]),
    "boosting_chain": RegressorChain(HistGradientBoostingRegressor(max_iter=4)),
    "side_by_side": MultiOutputRegressor(GradientBoostingRegressor(n_estimators=4)),
    "scaled": TransformedTargetRegressor(LinearRegression(), transformer=MinMaxScaler()),
    "forest": RandomForestRegressor(5, random_state=0),
}
DETECTORS: dict[str, Any] = {
    "forest": IsolationForest(n_estimators=5, random_state=0),
    "vectors": OneClassSVM(nu=0.1),
    "line": SGDOneClassSVM(random_state=0),
    "ellipse": EllipticEnvelope(random_state=0),
    "density": LocalOutlierFactor(novelty=True),
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_numbers_are_the_model_s(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, MODELS[name], ROWS, POSITIVE)
    assert done.signature["outputs"][0]["shape"] == ["batch", 1]


@pytest.mark.parametrize("name", sorted(SEVERAL))
def test_several_targets_are_one_row_of_numbers(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, SEVERAL[name], ROWS, np.c_[NUMBERS, ROWS[:, 2]])
    assert done.signature["outputs"][0]["shape"] == ["batch", 2]


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_detectors_say_what_is_out_and_how_far(name: str, tmp_path: Path) -> None:
    done = shown(tmp_path, DETECTORS[name], ROWS, None)
    assert [output["role"] for output in done.signature["outputs"]] == ["prediction", "scores"]


def test_clusters_of_seconds_since_1970_are_found(tmp_path: Path) -> None:
    seconds = 1.7e9 + np.random.default_rng(0).random((160, 2)) * 5000
    shown(tmp_path, KMeans(3, n_init=1, random_state=0), seconds, None)


def test_made_rows_beyond_single_precision_refuse_no_model(tmp_path: Path) -> None:
    steep = TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1)
    rows = ROWS[:, :1] + 50  # rows are made as far from it as from zero
    joblib.dump(
        make_pipeline(SimpleImputer(), steep).fit(rows, np.exp(4 * (rows[:, 0] - 54))), tmp_path / "m.joblib"
    )
    np.save(tmp_path / "rows.npy", rows)
    done = do(tmp_path / "job", tmp_path / "m.joblib", samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done, tolerance=1e-4)
