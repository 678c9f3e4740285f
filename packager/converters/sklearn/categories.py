"""The values that a column may have: what a model refuses beside them, the artifact refuses, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.parts import Reader, kind_of, readers

_NAMED = ("integer", "text")
_COUNTING = "CategoricalNB"


def with_categories(model: Any, columns: Columns) -> Columns:
    """The graph answers zeros for a category that scikit-learn refuses, so it must not come that far."""
    met = list(readers(model, columns.places))
    known: dict[int, set[Any]] = {}
    for reader in met:
        if _refuses(reader):
            values = _plain(reader)
            known[reader.column] = known.get(reader.column, values) & values
    known = {at: values for at, values in known.items() if columns.features[at].kind in _NAMED}
    known |= _counted(met)
    features = tuple(
        replace(feature, categories=tuple(sorted(known[at]))) if at in known else feature
        for at, feature in enumerate(columns.features)
    )
    return replace(columns, features=features)


def _refuses(reader: Reader) -> bool:
    estimator = reader.estimator
    return hasattr(estimator, "categories_") and getattr(estimator, "handle_unknown", "") == "error"


def _counted(met: list[Reader]) -> dict[int, set[Any]]:
    """Of a classifier that counts categories; a step before it hides which numbers it makes them of."""
    columns = [reader.column for reader in met]
    return {
        reader.column: set(range(int(reader.estimator.n_categories_[reader.place])))
        for reader in met
        if kind_of(reader.estimator) == _COUNTING and columns.count(reader.column) == 1
    }


def _plain(reader: Reader) -> set[Any]:
    values = np.asarray(reader.estimator.categories_[reader.place]).tolist()
    return {value for value in values if isinstance(value, (str, int)) and not isinstance(value, bool)}
