"""Which columns take a missing value: asked of the model itself."""

from typing import Any

import numpy as np

from packager.converters.rows import Rows
from packager.converters.sklearn.features import VECTORIZERS, Columns
from packager.converters.sklearn.parts import Reader, kind_of, readers
from packager.converters.sklearn.presenting import present

_ASKED_ONE_BY_ONE = 128
_MISSING_TYPE: dict[str, Any] = {"f": np.float64, "O": object}


def nullable_names(model: Any, columns: Columns, probe: Rows) -> set[str]:
    """All columns at once first: most models take missing values everywhere or nowhere.

    In a text column a missing value is the empty text, unless that is one of the model's own categories.
    """
    if columns.texts:
        return set()
    own = _takes_empty_text(model, columns)
    asked = [
        f.name for f in columns.features if f.kind == "number" or (f.kind == "text" and f.name not in own)
    ]
    if not asked or _answers(model, columns, probe, asked):
        return set(asked)
    if len(asked) > _ASKED_ONE_BY_ONE:
        return set()
    return {name for name in asked if _answers(model, columns, probe, [name])}


def _takes_empty_text(model: Any, columns: Columns) -> set[str]:
    """Columns in which the empty text is a text like any other."""
    met = readers(model, list(range(len(columns.features))))
    return {columns.features[reader.column].name for reader in met if _reads_empty_text(reader)}


def _reads_empty_text(reader: Reader) -> bool:
    if kind_of(reader.estimator) in VECTORIZERS:
        return True
    return hasattr(reader.estimator, "categories_") and "" in list(reader.estimator.categories_[reader.place])


def _answers(model: Any, columns: Columns, probe: Rows, missing: list[str]) -> bool:
    emptied = {
        name: np.full(len(values), np.nan) if name in missing else values
        for name, values in probe.columns.items()
    }
    ask = model.predict if hasattr(model, "predict") else model.transform
    try:
        answer = ask(present(Rows(emptied), columns))
    except (ValueError, TypeError):
        return False
    dense = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
    return dense.dtype.kind != "f" or bool(np.isfinite(dense).all())
