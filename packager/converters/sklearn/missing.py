"""Which columns take a missing value: asked of the model itself."""

from typing import Any

import numpy as np

from packager.converters.rows import Rows
from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.presenting import present

_ASKED_ONE_BY_ONE = 128


def nullable_names(model: Any, columns: Columns, probe: Rows) -> set[str]:
    """All number columns at once first: most models take NaN everywhere or nowhere."""
    numbers = [feature.name for feature in columns.features if feature.kind == "number"]
    if not numbers:
        return set()
    if _answers(model, columns, probe, numbers):
        return set(numbers)
    if len(numbers) > _ASKED_ONE_BY_ONE:
        return set()
    return {name for name in numbers if _answers(model, columns, probe, [name])}


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
