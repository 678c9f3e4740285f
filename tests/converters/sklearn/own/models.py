"""Held-out rows through a worker job: half of the rows train, the other half are samples nobody saw."""

import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas

from tests.converters.jobs import Done, assert_answers_alike, do

RANDOM = np.random.default_rng(11)
ROWS = RANDOM.normal(size=(160, 4)) + np.array([5.0, 3.0, 4.0, 1.0])
THREE = np.digitize(ROWS.sum(axis=1) + RANDOM.normal(0, 0.5, 160), [12.0, 14.0])
TWO = (THREE > 0).astype(int)
NUMBERS = ROWS[:, 0] * 3 + ROWS[:, 1] ** 2 + RANDOM.normal(0, 0.3, 160)
GAPS = np.where(RANDOM.random(ROWS.shape) < 0.15, np.nan, ROWS)


def shown(folder: Path, model: Any, rows: Any, target: Any, **options: Any) -> Done:
    """Converts with unseen samples, and without any; both must answer as the model does."""
    half = len(rows) // 2
    seen = rows.iloc[:half] if isinstance(rows, pandas.DataFrame) else rows[:half]
    with warnings.catch_warnings():  # few rows and few steps: what fitting says of that is not our matter
        warnings.simplefilter("ignore")
        model.fit(seen) if target is None else model.fit(seen, target[:half])
    joblib.dump(model, folder / "model.joblib")
    samples = _written(folder, rows, half)
    made = do(folder / "made", folder / "model.joblib", **options)
    assert_answers_alike(made, tolerance=1e-4)
    done = do(folder / "given", folder / "model.joblib", samples=str(samples), rows=200, **options)
    assert_answers_alike(done, tolerance=1e-4)
    return done


def _written(folder: Path, rows: Any, half: int) -> Path:
    if isinstance(rows, pandas.DataFrame):
        rows.iloc[half:].to_csv(folder / "rows.csv", index=False)
        return folder / "rows.csv"
    if isinstance(rows, list):
        table = pandas.DataFrame({"text": rows[half:]})
        table.to_json(folder / "rows.jsonl", orient="records", lines=True)
        return folder / "rows.jsonl"
    np.save(folder / "rows.npy", rows[half:])
    return folder / "rows.npy"
