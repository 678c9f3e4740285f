"""The wine measurements (178 rows, 13 columns, 3 classes), with gaps, and with other targets made of them."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.matrix.case import Files


@cache
def wine() -> tuple[Any, Any]:
    """The rows and their classes; nobody changes them in place."""
    from sklearn.datasets import load_wine

    return load_wine(return_X_y=True)


def with_gaps(rows: Any) -> Any:
    made = rows.copy()
    made[np.random.default_rng(0).random(rows.shape) < 0.2] = np.nan
    return made


def number(rows: Any, _classes: Any) -> Any:
    return rows[:, 0] * 3 + rows[:, 6]


def two_numbers(rows: Any, classes: Any) -> Any:
    return np.column_stack([number(rows, classes), rows[:, 1]])


def positive(rows: Any, _classes: Any) -> Any:
    return np.exp(rows[:, 6] - 2)


def two_classes(_rows: Any, classes: Any) -> Any:
    return (classes > 0).astype(int)


def given(model: Path, rows: Any) -> Files:
    """The files of a case whose model lies there, with the rows as samples."""
    np.save(model.parent / "rows.npy", rows)
    return Files(model, {"samples": model.parent / "rows.npy"})
