"""The estimators inside an estimator, and what each raw column meets first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Steps that give back the columns they took, one for one, so that the next step sees them too.
_COLUMNWISE = frozenset({"SimpleImputer", "MaxAbsScaler", "MinMaxScaler", "RobustScaler", "StandardScaler"})


@dataclass(frozen=True, slots=True)
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


def _held(estimator: Any) -> list[Any]:
    from sklearn.base import BaseEstimator

    values = list(vars(estimator).values())
    return [
        value
        for value in values
        if isinstance(value, BaseEstimator | list | tuple | dict) or _is_objects(value)
    ]


def _is_objects(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "O"


def _items(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return list(container.values())
    if isinstance(container, list | tuple):
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
    else:
        yield from (Reader(column, model, place) for place, column in enumerate(columns))


def _pipeline_readers(pipeline: Any, columns: list[int]) -> Iterator[Reader]:
    for _, step in pipeline.steps:
        if step is None or step == "passthrough":
            continue
        yield from readers(step, columns)
        if kind_of(step) not in _COLUMNWISE or getattr(step, "n_features_in_", None) != len(columns):
            return
