"""Boosted estimators inside scikit-learn's: their nodes in a graph of skl2onnx, their split values."""

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from packager.converters.boosting import nodes
from packager.converters.boosting.ensemble import Ensemble
from packager.converters.failure import ConversionError
from packager.converters.tensors import Array
from packager.converters.trees.graph import Adds

LIBRARIES = ("xgboost", "lightgbm")
_CLASSIFIERS = ("XGBClassifier", "XGBRFClassifier", "LGBMClassifier")
_OTHERS = ("XGBRegressor", "XGBRFRegressor", "XGBRanker", "LGBMRegressor", "LGBMRanker")
ESTIMATORS = frozenset({*_CLASSIFIERS, *_OTHERS})
_FLOAT, _DOUBLE = 1, 11


class EstimatorNodes(Adds, Protocol):
    """What the graph of one estimator offers: its input, its outputs, and names for classes."""

    @property
    def given(self) -> str: ...

    def give(self, value: str, at: int = 0) -> None: ...

    def named(self, place: str, classes: Any) -> str: ...


def library_of(estimator: Any) -> str | None:
    """The library of a boosted estimator or booster; None for everything else."""
    root = type(estimator).__module__.partition(".")[0]
    return root if root in LIBRARIES else None


def estimators() -> Iterator[tuple[type, Callable[[EstimatorNodes, Any], None], bool]]:
    """The estimators of the libraries that are loaded, what writes each, and whether it is a classifier."""
    for library in LIBRARIES:
        module = sys.modules.get(library)
        for names, writes in ((_CLASSIFIERS, _classifier), (_OTHERS, _regressor)):
            for name in names:
                if hasattr(module, name):
                    yield getattr(module, name), writes, writes is _classifier


@lru_cache(maxsize=256)
def ensemble_of(estimator: Any) -> Ensemble:
    """Each is read once, though each of its columns is asked for."""
    reader = import_module(f"packager.converters.boosting.{library_of(estimator)}")
    model: Ensemble = reader.estimator_ensemble(estimator)
    return model


def split_values(estimator: Any, column: int) -> Array:
    """Where the estimator decides by a column: split values, categories."""
    if type(estimator).__name__ not in ESTIMATORS or not estimator.__sklearn_is_fitted__():
        return np.array([])
    return _decisive(estimator)[column]


@lru_cache(maxsize=256)
def _decisive(estimator: Any) -> list[Array]:
    model = ensemble_of(estimator)
    return [np.zeros(0)] * model.features if model.trees is None else model.trees.decisive(model.features)


def complete(estimator: Any) -> None:
    """An estimator of an earlier release lacks what came later: it gets what a new one has."""
    for name, value in vars(type(estimator)()).items():
        if getattr(estimator, name, None) is None and value is not None:
            setattr(estimator, name, value)
    if getattr(estimator, "_n_features_in", 0) == -1:  # LightGBM 2 had one count for both, and no flag
        estimator._n_features_in = estimator._n_features
        estimator.fitted_ = estimator._Booster is not None


def refuse_categories(estimator: Any) -> None:
    """Of an estimator inside another: it is given numbers there, not the columns of a data frame."""
    reader = import_module(f"packager.converters.boosting.{library_of(estimator)}")
    if estimator.__sklearn_is_fitted__() and reader.has_categories(estimator):
        raise ConversionError(
            f"The {type(estimator).__name__} in the pipeline was trained on a data frame with categories, "
            "whose codes the steps before it do not keep",
            hint="encode them in the pipeline (OrdinalEncoder), or save the model without the pipeline",
        )


def scores(graph: EstimatorNodes, estimator: Any, value: str) -> str:
    """LightGBM's classifiers have a decision function: the raw sums."""
    model = ensemble_of(estimator)
    return nodes.raw_sums(graph, model, graph.add("Cast", value, to=_DOUBLE if model.double else _FLOAT))


def _answers(graph: EstimatorNodes, model: Ensemble) -> str:
    matrix = graph.add("Cast", graph.given, to=_DOUBLE if model.double else _FLOAT)
    return nodes.answer(graph, model, nodes.raw_sums(graph, model, matrix))


def _regressor(graph: EstimatorNodes, estimator: Any) -> None:
    graph.give(_answers(graph, ensemble_of(estimator)))


def _classifier(graph: EstimatorNodes, estimator: Any) -> None:
    model = ensemble_of(estimator)
    if model.gives != "classes":
        raise ConversionError(f"{type(estimator).__name__} with {model.objective} gives no probabilities")
    answers = _answers(graph, model)
    graph.give(graph.named(nodes.decided(graph, model, answers), estimator.classes_), 0)
    graph.give(answers, 1)
