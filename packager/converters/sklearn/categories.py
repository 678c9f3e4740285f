"""The values that a column may have: an encoder that refuses all others makes the artifact refuse them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.parts import Reader, readers

_NAMED = ("integer", "text")


def with_categories(model: Any, columns: Columns) -> Columns:
    """The graph answers zeros for a category that scikit-learn refuses, so it must not come that far."""
    known: dict[int, set[Any]] = {}
    for reader in readers(model, columns.places):
        if _refuses(reader):
            values = _plain(reader)
            known[reader.column] = known.get(reader.column, values) & values
    features = tuple(
        replace(feature, categories=tuple(sorted(known[at])))
        if at in known and feature.kind in _NAMED
        else feature
        for at, feature in enumerate(columns.features)
    )
    return replace(columns, features=features)


def _refuses(reader: Reader) -> bool:
    estimator = reader.estimator
    return hasattr(estimator, "categories_") and getattr(estimator, "handle_unknown", "") == "error"


def _plain(reader: Reader) -> set[Any]:
    values = np.asarray(reader.estimator.categories_[reader.place]).tolist()
    return {value for value in values if isinstance(value, (str, int)) and not isinstance(value, bool)}
