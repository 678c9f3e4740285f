"""Rows for passes over TFLite: the calibration rows, or without any, rows made from the signature."""

import json
from collections.abc import Iterable, Mapping

import numpy as np

from packager.converters.failure import ConversionError, SamplesError
from packager.converters.passes.step import Step
from packager.converters.passes.tflite_floats import Floats
from packager.converters.signature import BATCH, NUMPY_TYPES, Signature
from packager.converters.tensors import Array, array_of
from packager.converters.tflite.interpreter import Answers

# Each run keeps every tensor of the graph.
_MOST_TOGETHER = 16
Inputs = Mapping[str, Array]


def calibration_rows(step: Step, floats: Floats) -> list[Inputs]:
    """Of the dtypes that the file takes, a few rows at a time where the batch is free."""
    if step.calibration is None:
        raise SamplesError(
            "Ranges between layers need real rows", hint="give rows of the real kind: --samples FILE"
        )
    document = json.loads(step.calibration.read_text(encoding="utf-8"))
    cases: list[Inputs] = [
        {name: _fitting(name, array_of(tensor), floats) for name, tensor in case["inputs"].items()}
        for case in document["cases"]
    ]
    return [piece for case in cases for piece in _pieces(case, step.signature)]


def some_rows(step: Step, floats: Floats, count: int) -> list[Inputs]:
    """At most so many runs: of the calibration rows where there are any."""
    if step.calibration is not None:
        return calibration_rows(step, floats)[:count]
    from packager.converters.tflite.inventing import invent

    run = Answers(floats.data, floats.served).run
    made = invent(step.signature, floats.served, min(count, _MOST_TOGETHER), step.seed, run)
    return [rows.columns for rows in made[:count]]


def how_many(rows: Iterable[Inputs], signature: Signature) -> int:
    """Rows, not runs."""
    return sum(len(next(iter(one.values()))) if signature.rowwise else 1 for one in rows)


def _fitting(name: str, array: Array, floats: Floats) -> Array:
    """Other tools keep whole numbers in 64 bits, where TFLite files take 32."""
    if name not in floats.served.inputs:
        raise SamplesError(f"The calibration rows have {name!r}, which the model does not take")
    dtype = NUMPY_TYPES[floats.served.inputs[name].dtype]
    fitting = array.astype(dtype)
    if not np.array_equal(fitting.astype(array.dtype), array, equal_nan=array.dtype.kind == "f"):
        raise SamplesError(f"The calibration rows have numbers for {name} that are no {dtype.name}")
    return np.ascontiguousarray(fitting)


def _pieces(inputs: Inputs, signature: Signature) -> Iterable[Inputs]:
    """A free batch may be cut anywhere."""
    if not signature.inputs or not all(spec.shape[:1] == (BATCH,) for spec in signature.inputs):
        return [inputs]
    count = min(len(array) for array in inputs.values())
    if count == 0:
        raise ConversionError("The calibration rows are none")
    return [
        {name: array[at : at + _MOST_TOGETHER] for name, array in inputs.items()}
        for at in range(0, count, _MOST_TOGETHER)
    ]
