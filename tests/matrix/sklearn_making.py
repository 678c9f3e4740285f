"""scikit-learn's estimators by their place in it, imported when a case is made."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

Fit = Callable[[], Any]


def made(place: str, **options: Any) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"sklearn.{module}"), name)(**options)


def pipeline(*steps: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*steps)


def scaled(estimator: Any) -> Any:
    return pipeline(made("preprocessing.StandardScaler"), estimator)


def logistic() -> Any:
    return scaled(made("linear_model.LogisticRegression", max_iter=500))
