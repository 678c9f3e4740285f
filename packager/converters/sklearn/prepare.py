"""A copy of the model that skl2onnx converts rightly; what it would convert wrongly is refused by name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from packager.converters.failure import ConversionError
from packager.converters.signature import MISSING_TEXT
from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.own import filling, functions, neighbours, projections, radius, text
from packager.converters.sklearn.own.centres import CLUSTERERS, ClusterDistances, PooledColumns
from packager.converters.sklearn.own.encoders import CodeEncoder, FlagEncoder
from packager.converters.sklearn.own.scored import Scored, gives_scores
from packager.converters.sklearn.own.steps import SELECTORS, ChosenColumns, NumberImputer
from packager.converters.sklearn.own.targets import separated
from packager.converters.sklearn.parts import final, first_transformers, inside, kind_of, steps_before, walk

_ANOTHER = "use another estimator, or compute that step before the model"

_NO_FORM = {
    "GaussianProcessClassifier": "solves equations for each row, which has no form in ONNX",
    "HashingVectorizer": "keeps no words, only their hashes, which no graph makes: use TfidfVectorizer",
}


def refuse_wrong(model: Any) -> None:
    """Estimators whose conversion is known to answer otherwise than they do, or not at all."""
    hidden = {
        id(inner)
        for part in walk(model)
        for name in ("_preprocessor", "transformer_")
        for inner in walk(getattr(part, name, None))
    }
    for part in walk(model):
        reason = None if id(part) in hidden else _reason(part)
        if reason:
            raise ConversionError(f"{kind_of(part)} {reason}", hint=_ANOTHER)


def _reason(part: Any) -> str | None:
    kind = kind_of(part)
    refusal = _REFUSALS.get(kind)
    if refusal is None:
        return _NO_FORM.get(kind)
    fitted, why = refusal
    return why(part) if fitted is None or hasattr(part, fitted) else None


def _of_texts(part: Any) -> str | None:
    marks = part.add_indicator and _imputes_text(part)
    return "with add_indicator=True over texts has no form in the graph" if marks else None


# What each must have to be fitted (a search holds others, too), and who knows of what has no form.
_REFUSALS: dict[str, tuple[str | None, Callable[[Any], str | None]]] = {
    "CountVectorizer": ("vocabulary_", text.refusal),
    "FeatureAgglomeration": (None, projections.refusal),
    "FunctionTransformer": (None, functions.refusal),
    "IterativeImputer": (None, filling.refusal),
    "KNNImputer": (None, filling.refusal),
    "KNeighborsClassifier": ("effective_metric_", neighbours.refusal),
    "KNeighborsRegressor": ("effective_metric_", neighbours.refusal),
    "RadiusNeighborsClassifier": ("effective_metric_", radius.refusal),
    "RadiusNeighborsRegressor": ("effective_metric_", radius.refusal),
    "SimpleImputer": (None, _of_texts),
    "TfidfVectorizer": ("vocabulary_", text.refusal),
    "TransformedTargetRegressor": ("transformer_", lambda part: functions.refusal_to_undo(part.transformer_)),
}


def prepared(model: Any, answers: Any, columns: Columns) -> Any:
    """The copy: columns by number, encoders without booleans, missing text as its mark."""
    model = inside(copy.deepcopy(model))
    for transformer in first_transformers(model):
        _read_features(transformer, columns)
    if answers.several:
        probable = any(spec.role == "probabilities" for spec in answers.outputs)
        model = _with_final(model, separated(final(model), probable))
    elif any(spec.role == "scores" for spec in answers.outputs) and gives_scores(final(model)):
        model = _with_final(model, Scored(final(model)))
    for step in steps_before(model):
        if kind_of(step) in CLUSTERERS:
            step.__class__ = ClusterDistances
    for part in walk(model):
        _prepare(part)
        if hasattr(part, "categories_"):
            part.categories_ = [_plain_categories(values) for values in part.categories_]
    return model


def _prepare(part: Any) -> None:
    kind = kind_of(part)
    if not hasattr(part, "n_features_in_"):  # what a search or a vote made its copies of
        return
    if kind == "ColumnTransformer":
        _number_columns(part)
    elif kind == "KBinsDiscretizer" and part.encode == "onehot":
        part.encode = "onehot-dense"
    elif kind == "FeatureAgglomeration":
        part.__class__ = PooledColumns
    elif kind in SELECTORS:
        part.chosen_ = np.flatnonzero(part.get_support()).astype(np.int64)
        part.__class__ = ChosenColumns
    elif kind == "OneHotEncoder":
        part.__class__ = FlagEncoder
    elif kind == "OrdinalEncoder":
        part.__class__ = CodeEncoder
    elif kind == "SimpleImputer" and _imputes_text(part):
        part.missing_values = part.missing_values if isinstance(part.missing_values, str) else MISSING_TEXT
    elif kind == "SimpleImputer":
        part.__class__ = NumberImputer


def _with_final(model: Any, estimator: Any) -> Any:
    """The model with another estimator as its last step."""
    model = inside(model)
    if kind_of(model) != "Pipeline":
        return estimator
    name, last = model.steps[-1]
    model.steps[-1] = (name, _with_final(last, estimator))
    return model


def _imputes_text(part: Any) -> bool:
    """Statistics of numbers, too, may be held as objects."""
    statistics = np.asarray(getattr(part, "statistics_", 0.0)).ravel()
    return statistics.dtype.kind in "UT" or any(isinstance(value, str) for value in statistics)


def _read_features(transformer: Any, columns: Columns) -> None:
    """By the features' numbers, in place of those of the columns that it was fitted on."""
    indices = transformer._transformer_to_input_indices
    transformer._transformer_to_input_indices = {
        name: [columns.places[at] for at in chosen if columns.places[at] >= 0]
        for name, chosen in indices.items()
    }
    transformer.apart_ = len(columns.inputs) > 1


def _number_columns(transformer: Any) -> None:
    """Columns by number fit any input, whatever its name."""
    indices = transformer._transformer_to_input_indices
    transformer.transformers_ = [
        _in_order(name, branch, list(indices[name]), getattr(transformer, "apart_", False))
        for name, branch, _ in transformer.transformers_
    ]


def _in_order(name: str, branch: Any, chosen: list[int], apart: bool) -> tuple[str, Any, list[int]]:
    """skl2onnx takes a whole matrix as it is, in whatever order its columns are asked for."""
    if apart or chosen == sorted(chosen) or branch == "drop":
        return name, branch, chosen
    order = ChosenColumns()
    order.chosen_ = np.argsort(np.argsort(chosen)).astype(np.int64)
    then = [] if isinstance(branch, str) else [("then", branch)]
    return name, Pipeline([("order", order), *then]), sorted(chosen)


def _plain_categories(values: Any) -> Any:
    array = np.asarray(values)
    if array.dtype.kind == "b" or (array.dtype.kind == "O" and _all_integers(array)):
        return array.astype(np.int64)
    if array.dtype.kind == "O" and any(isinstance(value, str) for value in array):
        return np.array([value if isinstance(value, str) else MISSING_TEXT for value in array], dtype=object)
    return values


def _all_integers(array: Any) -> bool:
    return len(array) > 0 and all(isinstance(value, (bool, np.bool_, int, np.integer)) for value in array)


def class_labels(model: Any) -> tuple[Any, ...]:
    """The classes as the user knows them; empty for models that decide nothing, or several things at once."""
    classes = getattr(final(model), "classes_", None)
    if classes is None or isinstance(classes, list) or np.ndim(classes) != 1:
        return ()
    return tuple(value.item() if isinstance(value, np.generic) else value for value in classes)


def number_classes(model: Any, count: int) -> None:
    final(model).classes_ = np.arange(count, dtype=np.int64)
