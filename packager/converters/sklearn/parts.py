"""The estimators inside an estimator, and what each raw column meets first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Steps that give back the columns they took, one for one, so that the next step sees them too.
COLUMNWISE = frozenset(
    {
        "IterativeImputer", "KNNImputer", "MaxAbsScaler", "MinMaxScaler", "RobustScaler", "SimpleImputer",
        "StandardScaler",
    }
)  # fmt: skip

_SIDE_BY_SIDE = frozenset(
    {
        "MultiOutputClassifier", "MultiOutputRegressor", "OneVsOneClassifier", "OneVsRestClassifier",
        "StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """An estimator that reads raw column number ``column`` as its own column number ``place``."""

    column: int
    estimator: Any
    place: int


def kind_of(estimator: Any) -> str:
    return type(estimator).__name__


def inside(model: Any) -> Any:
    """The fitted model within a search."""
    return inside(model.best_estimator_) if hasattr(model, "best_estimator_") else model


def within(model: Any) -> list[Any]:
    """The fitted estimators that an estimator hands its rows to as they are."""
    kind = kind_of(model)
    if kind == "TransformedTargetRegressor":
        return [model.regressor_]
    if kind in ("FixedThresholdClassifier", "TunedThresholdClassifierCV", "SelfTrainingClassifier"):
        return [model.estimator_]
    if kind == "CalibratedClassifierCV":
        return [part.estimator for part in model.calibrated_classifiers_]
    return list(model.estimators_) if kind in _SIDE_BY_SIDE else []


def final(model: Any) -> Any:
    """The estimator that decides: the last step of a pipeline, the best of a search."""
    model = inside(model)
    return final(model.steps[-1][1]) if kind_of(model) == "Pipeline" else model


def walk(model: Any) -> Iterator[Any]:
    """The model and every estimator within it, each once."""
    from sklearn.base import BaseEstimator

    seen: set[int] = set()
    waiting = [model]
    while waiting:
        part = waiting.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, BaseEstimator):
            yield part
            waiting.extend(_held(part))
        else:
            waiting.extend(_items(part))


def met_by_rows(model: Any) -> Iterator[Any]:
    """The steps that rows go through: not what a selector asked while it was fitted."""
    model = inside(model)
    yield model
    inner: list[Any] = []
    if kind_of(model) == "Pipeline":
        inner = [step for _, step in model.steps]
    elif kind_of(model) == "ColumnTransformer":
        inner = [branch for _, branch, _ in model.transformers_]
    elif kind_of(model) == "FeatureUnion":
        inner = [branch for _, branch in model.transformer_list]
    for part in inner:
        if part is not None and not isinstance(part, str):
            yield from met_by_rows(part)


def first_transformers(model: Any) -> Iterator[Any]:
    """The column transformers that see the raw columns."""
    model = inside(model)
    kind = kind_of(model)
    if kind == "ColumnTransformer":
        yield model
    elif kind == "Pipeline":
        yield from first_transformers(next(step for _, step in model.steps if not _is_skipped(step)))
    elif kind == "FeatureUnion":
        for _, branch in model.transformer_list:
            yield from first_transformers(branch)
    else:
        for part in within(model):
            yield from first_transformers(part)


def _is_skipped(step: Any) -> bool:
    return step is None or isinstance(step, str)


def steps_before(model: Any) -> Iterator[Any]:
    """Every step whose answer goes on to another: in pipelines and beside others."""
    for part in walk(model):
        if kind_of(part) == "Pipeline":
            yield from (step for _, step in part.steps[:-1])
        elif kind_of(part) == "ColumnTransformer":
            yield from (final(branch) for _, branch, _ in part.transformers_ if not isinstance(branch, str))
        elif kind_of(part) == "FeatureUnion":
            yield from (final(branch) for _, branch in part.transformer_list if not isinstance(branch, str))


def _held(estimator: Any) -> list[Any]:
    from sklearn.base import BaseEstimator

    values = list(vars(estimator).values())
    return [
        value
        for value in values
        if isinstance(value, (BaseEstimator, list, tuple, dict)) or _is_objects(value)
    ]


def _is_objects(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "O"


def _items(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return list(container.values())
    if kind_of(container) == "_CalibratedClassifier":  # holds an estimator, and is none
        return list(vars(container).values())
    if isinstance(container, (list, tuple)):
        return list(container)
    return list(container.ravel()) if _is_objects(container) else []


def readers(model: Any, columns: list[int]) -> Iterator[Reader]:
    """Every estimator that sees the raw ``columns``, through pipelines and column transformers."""
    model = inside(model)
    if kind_of(model) == "Pipeline":
        yield from _pipeline_readers(model, columns)
    elif kind_of(model) == "ColumnTransformer":
        for name, branch, _ in model.transformers_:
            chosen = [columns[at] for at in model._transformer_to_input_indices[name]]
            if branch != "drop":
                yield from readers(branch, chosen)
    elif kind_of(model) == "FeatureUnion":
        for _, branch in model.transformer_list:
            yield from readers(branch, columns)
    elif (
        kind_of(model).startswith("HistGradientBoosting")
        and getattr(model, "_preprocessor", None) is not None
    ):
        yield from readers(model._preprocessor, columns)
        yield from (Reader(column, model, place) for place, column in enumerate(columns))
    elif within(model):
        for part in within(model):
            yield from readers(part, columns)
    else:
        yield from (Reader(column, model, place) for place, column in enumerate(columns))


def _pipeline_readers(pipeline: Any, columns: list[int]) -> Iterator[Reader]:
    for _, step in pipeline.steps:
        if _is_skipped(step):
            continue
        yield from readers(step, columns)
        if kind_of(step) not in COLUMNWISE or getattr(step, "n_features_in_", None) != len(columns):
            return
