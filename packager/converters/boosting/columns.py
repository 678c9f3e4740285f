"""The columns of a boosted model: numbers in one matrix, or, where some have categories, each by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.rows import Rows
from packager.converters.signature import (
    BATCH,
    MISSING_TEXT,
    NUMPY_TYPES,
    TENSOR_TYPE,
    Feature,
    FeatureKind,
    TensorSpec,
    safe_names,
)
from packager.converters.tensors import Array
from packager.converters.trees.graph import ML, Adds

_MATRIX = "X"
_FLOAT, _DOUBLE = 1, 11
_LARGEST_EXACT = 1 << 24


@dataclass(frozen=True, slots=True)
class Columns:
    """``categories``: by column, what its codes 0, 1, … stand for; such a model is given data frames."""

    features: tuple[Feature, ...]
    inputs: tuple[TensorSpec, ...]
    categories: Mapping[int, tuple[Any, ...]]
    dtype: str


def read_columns(
    names: tuple[str, ...], categories: Mapping[int, tuple[Any, ...]], dtype: str, *, refuses_unknown: bool
) -> Columns:
    """``refuses_unknown``: whether the library refuses a category that it was not trained on."""
    if not categories:
        plain = tuple(Feature(name, "number", _MATRIX, at, True) for at, name in enumerate(names))
        return Columns(plain, (TensorSpec(_MATRIX, dtype, (BATCH, len(names))),), {}, dtype)
    features: list[Feature] = []
    inputs: list[TensorSpec] = []
    for at, (name, into) in enumerate(zip(names, safe_names(list(names)), strict=True)):
        kind: FeatureKind = "number"
        if at in categories:
            kind = _kind(name, categories[at], refuses_unknown)
        known = categories[at] if at in categories and refuses_unknown else ()
        features.append(Feature(name, kind, into, 0, kind != "integer", tuple(known)))
        inputs.append(TensorSpec(into, dtype if kind == "number" else TENSOR_TYPE[kind], (BATCH, 1)))
    return Columns(tuple(features), tuple(inputs), categories, dtype)


def _kind(name: str, categories: tuple[Any, ...], refuses_unknown: bool) -> FeatureKind:
    if all(isinstance(value, str) for value in categories):
        return "text"
    if all(isinstance(value, int) and abs(value) < _LARGEST_EXACT for value in categories):
        return "integer" if refuses_unknown else "number"
    raise ConversionError(
        f"The categories of the column {name!r} are neither texts nor whole numbers below {_LARGEST_EXACT}",
        hint="train it on texts, or on codes",
    )


def tensors(rows: Rows, columns: Columns) -> dict[str, Array]:
    made = {}
    for spec in columns.inputs:
        mine = [rows.columns[feature.name] for feature in columns.features if feature.input == spec.name]
        made[spec.name] = np.stack(mine, axis=1).astype(NUMPY_TYPES[spec.dtype])
    return made


def present(rows: Rows, columns: Columns) -> Any:
    """The rows as the model's library is given them."""
    if not columns.categories:
        return tensors(rows, columns)[_MATRIX]
    import pandas

    dtype = NUMPY_TYPES[columns.dtype]
    table = {}
    for at, feature in enumerate(columns.features):
        values = rows.columns[feature.name]
        if at not in columns.categories:
            table[feature.name] = values.astype(dtype)
        elif feature.kind == "text":
            table[feature.name] = _categorical(values, columns.categories[at])
        else:
            table[feature.name] = pandas.Categorical(values)
    return pandas.DataFrame(table)


def _categorical(values: Array, known: tuple[Any, ...]) -> Any:
    """With all that the model knows: XGBoost fails on a column of gaps, which would have no categories."""
    import pandas

    texts = [None if text == MISSING_TEXT else str(text) for text in values]
    others = sorted({text for text in texts if text is not None} - set(known))
    return pandas.Categorical(texts, categories=pandas.Index([*known, *others], dtype=object))


def matrix(graph: Adds, columns: Columns) -> str:
    """All columns as one matrix of numbers, categories as their codes, unknown ones as NaN."""
    to = _DOUBLE if columns.dtype == "float64" else _FLOAT
    if not columns.categories:
        return _MATRIX
    found = []
    for at, spec in enumerate(columns.inputs):
        known = columns.categories.get(at)
        coded = spec.name if known is None else _codes(graph, spec, known)
        found.append(graph.add("Cast", coded, to=to))
    return graph.add("Concat", *found, axis=1)


def _codes(graph: Adds, spec: TensorSpec, known: tuple[Any, ...]) -> str:
    codes = {"values_floats": [float(code) for code in range(len(known))], "default_float": float("nan")}
    if spec.dtype == "string":
        return graph.add("LabelEncoder", spec.name, domain=ML, keys_strings=list(known), **codes)
    if spec.dtype == "int64":
        return graph.add("LabelEncoder", spec.name, domain=ML, keys_int64s=list(known), **codes)
    single = graph.add("Cast", spec.name, to=_FLOAT)
    return graph.add(
        "LabelEncoder", single, domain=ML, keys_floats=[float(value) for value in known], **codes
    )
