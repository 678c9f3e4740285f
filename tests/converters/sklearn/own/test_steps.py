"""Steps before an estimator that we write ourselves: what they make of rows that they never saw."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis, FastICA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, SelectFpr, SelectFromModel, SequentialFeatureSelector
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
)

from tests.converters.sklearn.own.models import GAPS, ROWS, THREE, shown

STEPS: dict[str, Any] = {
    "products": PolynomialFeatures(3),
    "interactions": PolynomialFeatures(2, interaction_only=True, include_bias=False),
    "power": PowerTransformer(),
    "bins": KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"),
    "singular": TruncatedSVD(2),
    "independent": FastICA(2, random_state=0),
    "factors": FactorAnalysis(2),
    "waves": RBFSampler(n_components=5, random_state=0),
    "kernel": Nystroem(n_components=5, random_state=0),
    "eliminated": RFE(LogisticRegression(max_iter=500), n_features_to_select=2),
    "important": SelectFromModel(RandomForestClassifier(5, random_state=0)),
    "significant": SelectFpr(),
    "one_by_one": SequentialFeatureSelector(LogisticRegression(max_iter=300), n_features_to_select=2, cv=2),
}
SPLINES: dict[str, dict[str, Any]] = {
    "constant": {},
    "linear": {"extrapolation": "linear", "degree": 2},
    "continue": {"extrapolation": "continue"},
    "periodic": {"extrapolation": "periodic", "n_knots": 6},
    "quantile": {"knots": "quantile", "include_bias": False},
    "two knots": {"n_knots": 2, "degree": 1},
}
FUNCTIONS = (np.log1p, np.exp, np.sqrt, np.square, np.cbrt, np.tanh, np.log10, np.rint)


@pytest.mark.parametrize(
    "last", [LogisticRegression(max_iter=500), RandomForestClassifier(8, random_state=0)]
)
@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_hands_on_what_the_model_s_does(name: str, last: Any, tmp_path: Path) -> None:
    shown(tmp_path, make_pipeline(STEPS[name], last), ROWS, THREE)


@pytest.mark.parametrize("name", sorted(SPLINES))
def test_splines_are_those_of_the_model_beyond_their_knots_too(name: str, tmp_path: Path) -> None:
    shown(tmp_path, SplineTransformer(**SPLINES[name]), np.concatenate([ROWS, ROWS * 4 - 12])[::2], None)


@pytest.mark.parametrize("output", ["normal", "uniform"])
def test_quantiles_are_places_among_equal_values_too(output: str, tmp_path: Path) -> None:
    rows = np.concatenate([ROWS, np.round(ROWS)], axis=1)
    step = QuantileTransformer(n_quantiles=30, output_distribution=output)
    shown(tmp_path, step, np.concatenate([rows, rows * 3 - 10])[::2], None)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_numpy_s_own_functions_are_operations_of_the_graph(function: Any, tmp_path: Path) -> None:
    shown(tmp_path, make_pipeline(FunctionTransformer(function), LogisticRegression()), np.abs(ROWS), THREE)


@pytest.mark.parametrize(
    "step",
    [
        SimpleImputer(add_indicator=True),
        SimpleImputer(strategy="constant", fill_value=-1),
        make_union(SimpleImputer(), MissingIndicator(features="all")),
    ],
)
def test_gaps_are_filled_and_marked(step: Any, tmp_path: Path) -> None:
    model = make_pipeline(step, RandomForestClassifier(8, random_state=0))
    done = shown(tmp_path, model, GAPS, THREE)
    assert all(feature["nullable"] for feature in done.signature["features"])
