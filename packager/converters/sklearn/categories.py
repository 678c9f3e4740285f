"""The values that a column may have: what a model refuses beside them, the artifact refuses, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.parts import COLUMNWISE, Reader, kind_of, readers

_NAMED = ("integer", "text")
_COUNTING = "CategoricalNB"


def with_categories(model: Any, columns: Columns) -> Columns:
    """The graph answers zeros for a category that scikit-learn refuses, so it must not come that far."""
    met: dict[int, list[Reader]] = {}
    for reader in readers(model, columns.places):
        met.setdefault(reader.column, []).append(reader)
    features = tuple(
        replace(feature, categories=_known(met.get(at, []), feature.kind))
        for at, feature in enumerate(columns.features)
    )
    return replace(columns, features=features)


def _known(met: list[Reader], kind: str) -> tuple[Any, ...]:
    if kind in _NAMED:
        found = [_plain(_categories(reader)) for reader in met if _refuses(reader)]
    elif any(kind_of(reader.estimator) in COLUMNWISE for reader in met):
        return ()  # the encoder's categories are not the column's own values
    else:
        found = [values for reader in met if (values := _whole(reader)) is not None]
    return tuple(sorted(set.intersection(*found))) if found else ()


def _refuses(reader: Reader) -> bool:
    estimator = reader.estimator
    return hasattr(estimator, "categories_") and getattr(estimator, "handle_unknown", "") == "error"


def _whole(reader: Reader) -> set[Any] | None:
    """The whole numbers that a step takes of a column of numbers; None where it takes others, too."""
    if kind_of(reader.estimator) == _COUNTING:
        return set(range(int(reader.estimator.n_categories_[reader.place])))
    values = _categories(reader) if _refuses(reader) else []
    numbers = {int(value) for value in values if isinstance(value, (int, float)) and value % 1 == 0}
    return numbers if values and len(numbers) == len(values) else None


def _categories(reader: Reader) -> list[Any]:
    values: list[Any] = np.asarray(reader.estimator.categories_[reader.place]).tolist()
    return values


def _plain(values: list[Any]) -> set[Any]:
    return {value for value in values if isinstance(value, (str, int)) and not isinstance(value, bool)}
