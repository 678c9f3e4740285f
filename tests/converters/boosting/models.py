"""Small data that boosted models are trained on in the tests, and jobs for what comes of it."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from tests.converters.jobs import Done, do

RANDOM = np.random.default_rng(11)
ROWS = RANDOM.normal(size=(240, 4))
GAPS = np.where(RANDOM.random(ROWS.shape) < 0.15, np.nan, ROWS)
ZEROS = np.where(RANDOM.random(ROWS.shape) < 0.3, 0.0, ROWS)
CODES = np.column_stack([GAPS[:, :2], RANDOM.integers(0, 40, 240), GAPS[:, 3]])
NUMBER = 2 * ROWS[:, 0] + np.sin(3 * ROWS[:, 1])
POSITIVE = np.exp(NUMBER / 2)
TWO = (NUMBER > 0).astype(int)
THREE = np.digitize(NUMBER, [-1, 1])
BY_CODE = NUMBER + CODES[:, 2] % 7
GROUPS = [24] * 10
FRAME = pd.DataFrame(
    {
        "net weight": ROWS[:, 0],
        "colour": pd.Categorical(RANDOM.choice(["red", "green", "blue", "black", "white"], 240)),
        "size": pd.Categorical(RANDOM.choice([36, 38, 40, 42], 240)),
        "price": GAPS[:, 1],
    }
)
BY_FRAME = NUMBER + 2 * FRAME["colour"].cat.codes.to_numpy() % 5 + FRAME["size"].cat.codes.to_numpy()


def pickled(folder: Path, model: Any, **options: Any) -> Done:
    joblib.dump(model, folder / "model.joblib")
    return do(folder / "pickled", folder / "model.joblib", **options)


def opened_graph(done: Done) -> set[str]:
    """The kinds of nodes in the graph."""
    import onnx

    return {node.op_type for node in onnx.load(done.folder / "model.onnx").graph.node}
