"""Rows in the form that the model was fitted on: a data frame, a matrix, or a list of texts."""

from typing import Any

import numpy as np

from packager.converters.rows import Rows
from packager.converters.sklearn.features import Columns


def present(rows: Rows, columns: Columns) -> Any:
    if columns.texts:
        return list(rows.columns["text"])
    arrays = [rows.columns[feature.name] for feature in columns.features]
    if columns.named:
        import pandas

        return pandas.DataFrame({f.name: array for f, array in zip(columns.features, arrays, strict=True)})
    if all(feature.kind == "number" for feature in columns.features):
        return np.stack(arrays, axis=1)
    return np.stack([array.astype(object) for array in arrays], axis=1)
