"""Ray Data: `map_batches` with an actor that holds the session (`actor`), or in tasks (`tasks`)."""

import os
import sys
from typing import Any

import numpy as np
import onnxruntime
import ray

ROWS = 16_384


class Predictor:
    """One session for each actor."""

    def __init__(self, model: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        given = self._session.get_inputs()[0]
        self._name, self._dtype = given.name, np.float64 if "double" in given.type else np.float32

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        features = np.column_stack([batch[name] for name in batch if name != "id"]).astype(self._dtype)
        labels, probabilities = self._session.run(None, {self._name: features})
        return {
            "id": batch["id"],
            "prediction": labels,
            "probability_0": probabilities[:, 0],
            "probability_1": probabilities[:, 1],
        }


_cached: dict[str, Predictor] = {}


def answer(batch: dict[str, Any], model: str) -> dict[str, Any]:
    """In a task: the session stays in the worker's process."""
    if model not in _cached:
        _cached[model] = Predictor(model)
    return _cached[model](batch)


def main(model: str, source: str, dest: str, how: str = "tasks") -> None:
    """One actor, since two on two processors leave none to the reading, and the whole stands still."""
    ray.init("local", include_dashboard=False, log_to_driver=False, num_cpus=os.cpu_count())
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = ray.data.read_parquet(source)
    if how == "actor":
        made: dict[str, Any] = {"fn_constructor_args": (model,), "concurrency": 1}
        answers = rows.map_batches(Predictor, batch_size=ROWS, **made)
    else:
        answers = rows.map_batches(answer, batch_size=ROWS, fn_kwargs={"model": model})
    answers.write_parquet(dest)
    ray.shutdown()


main(*sys.argv[1:])
