"""Names and kinds of a model's columns, read from what its first steps learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, SourceError
from packager.converters.signature import BATCH, TENSOR_TYPE, Feature, FeatureKind, TensorSpec, safe_names
from packager.converters.sklearn.parts import Reader, inside, kind_of, met_by_rows, readers, within

VECTORIZERS = frozenset({"CountVectorizer", "HashingVectorizer", "TfidfVectorizer"})
_MATRIX = "X"


@dataclass(frozen=True)
class Columns:
    """The columns that a model takes. ``named``: fitted on a data frame. ``texts``: on a list of texts.

    ``places``: for each column that it was fitted on the number of its feature, or -1 if nothing reads it.
    """

    features: tuple[Feature, ...]
    inputs: tuple[TensorSpec, ...]
    named: bool
    places: list[int]
    texts: bool = False
    unread: tuple[str, ...] = ()


def read_columns(model: Any) -> Columns:
    if _reads_texts(model):
        feature = Feature("text", "text", "text", 0)
        spec = TensorSpec("text", "string", (BATCH, 1))
        return Columns((feature,), (spec,), named=False, places=[0], texts=True)
    count = getattr(inside(model), "n_features_in_", None)
    if count is None and hasattr(inside(model), "X_thresholds_"):  # an isotonic regression counts none
        count = 1
    if count is None:
        raise SourceError(
            f"The model ({kind_of(model)}) does not say how many features it takes: it is not fitted, "
            "or its first step takes anything",
            hint="fit it before saving it",
        )
    _refuse_late_texts(model, count)
    given = getattr(inside(model), "feature_names_in_", None)
    names = [f"x{at}" for at in range(count)] if given is None else [str(name) for name in given]
    kinds = _kinds(model, count)
    read = _read(model, count) if given is not None else list(range(count))
    features, inputs = _placed([names[at] for at in read], [kinds[at] for at in read])
    places = [read.index(at) if at in read else -1 for at in range(count)]
    unread = tuple(name for name, place in zip(names, places) if place < 0)
    return Columns(features, inputs, given is not None, places, unread=unread)


def _read(model: Any, count: int) -> list[int]:
    """Of a data frame the columns that are not dropped: scikit-learn does not ask for the others."""
    met = {reader.column for reader in readers(model, list(range(count)))}
    return sorted(met) or list(range(count))


def _refuse_late_texts(model: Any, count: int) -> None:
    """Behind a step that mixes the columns nobody knows which of them holds the texts."""
    seen = {id(reader.estimator) for reader in readers(model, list(range(count)))}
    for part in met_by_rows(model):
        if id(part) not in seen and _encodes_texts(part):
            raise ConversionError(
                f"{kind_of(part)} encodes texts that an earlier step passes on, "
                "so that the columns with texts are not known",
                hint="encode texts in the first ColumnTransformer, and pass their codes on",
            )


def _encodes_texts(part: Any) -> bool:
    if kind_of(part) in VECTORIZERS:
        return True
    return any(_kind_of_values(np.asarray(values)) == "text" for values in getattr(part, "categories_", ()))


def _reads_texts(model: Any) -> bool:
    model = inside(model)
    if kind_of(model) == "Pipeline":
        return _reads_texts(model.steps[0][1])
    if kind_of(model) == "FeatureUnion":
        return _reads_texts(model.transformer_list[0][1])
    if kind_of(model) in VECTORIZERS:
        return True
    parts = within(model)
    return bool(parts) and _reads_texts(parts[0])


def _kinds(model: Any, count: int) -> list[FeatureKind]:
    met: list[set[FeatureKind]] = [set() for _ in range(count)]
    for reader in readers(model, list(range(count))):
        kind = _kind_for(reader)
        if kind is not None:
            met[reader.column].add(kind)
    return [_agreed(kinds) for kinds in met]


def _agreed(kinds: set[FeatureKind]) -> FeatureKind:
    if "text" in kinds:
        return "text"
    return next(iter(kinds)) if len(kinds) == 1 else "number"


def _kind_for(reader: Reader) -> FeatureKind | None:
    """None: this step takes any kind, the next one tells."""
    estimator = reader.estimator
    if kind_of(estimator) in VECTORIZERS:
        return "text"
    if hasattr(estimator, "categories_"):
        return _kind_of_values(np.asarray(estimator.categories_[reader.place]))
    if kind_of(estimator) == "SimpleImputer":
        statistics = np.asarray(estimator.statistics_)
        if statistics.dtype.kind in "OUT":
            return "text" if isinstance(statistics[reader.place], str) else None
        return None if estimator.strategy in ("most_frequent", "constant") else "number"
    return "number"


def _kind_of_values(values: Any) -> FeatureKind:
    if values.dtype.kind == "b":
        return "boolean"
    if values.dtype.kind in "iu":
        return "integer"
    if values.dtype.kind in "UT" or any(isinstance(value, str) for value in values):
        return "text"
    if values.dtype.kind == "O" and len(values):
        if all(isinstance(value, (bool, np.bool_)) for value in values):
            return "boolean"
        if all(isinstance(value, (int, np.integer)) for value in values):
            return "integer"
    return "number"


def _placed(names: list[str], kinds: list[FeatureKind]) -> tuple[tuple[Feature, ...], tuple[TensorSpec, ...]]:
    """One matrix for numbers alone; otherwise one input for each column, under a name that ONNX takes."""
    if all(kind == "number" for kind in kinds):
        features = tuple(Feature(name, "number", _MATRIX, at) for at, name in enumerate(names))
        return features, (TensorSpec(_MATRIX, "float32", (BATCH, len(names))),)
    safe = safe_names(names)
    features = tuple(Feature(name, kind, into, 0) for name, kind, into in zip(names, kinds, safe))
    inputs = tuple(TensorSpec(into, TENSOR_TYPE[kind], (BATCH, 1)) for into, kind in zip(safe, kinds))
    return features, inputs
