"""Rows in the form that the model was fitted on: a data frame, a matrix, or a list of texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.rows import Rows
from packager.converters.signature import MISSING_TEXT, Feature
from packager.converters.sklearn.features import Columns
from packager.converters.tensors import Array


def present(rows: Rows, columns: Columns) -> Any:
    if columns.texts:
        return list(rows.columns["text"])
    arrays = [_with_gaps(rows.columns[feature.name], feature) for feature in columns.features]
    if columns.named:
        import pandas

        return pandas.DataFrame({f.name: array for f, array in zip(columns.features, arrays)})
    if all(feature.kind == "number" for feature in columns.features):
        return np.stack(arrays, axis=1)
    return np.stack([array.astype(object) for array in arrays], axis=1)


def _with_gaps(array: Array, feature: Feature) -> Array:
    """A graph knows no missing text: a mark stands there for it, and the model is given NaN."""
    if feature.kind != "text" or not feature.nullable:
        return array
    return np.array([np.nan if text == MISSING_TEXT else text for text in array], dtype=object)
