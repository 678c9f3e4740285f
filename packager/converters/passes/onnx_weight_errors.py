"""How far a graph's answers move when the weights of one layer alone are changed."""

import math
from collections.abc import Callable
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model
from packager.converters.passes.onnx_rows import CalibrationRows, answers_of, distance, read_rows
from packager.converters.passes.onnx_weights import Layers
from packager.converters.passes.step import LayerError, Step

_MOST_LAYERS = 64
"""Of more layers those with the most weights are tried: each costs opening the model and some runs."""
_ROWS = 32
_WORST = 1e9
Change = Callable[[Any, str], Any]
"""Changes the weights of the layer of that name in a model, and returns the model."""


def ranked(step: Step, layers: Layers, change: Change) -> list[LayerError]:
    """Every layer with the error of the model in which it alone is changed, the worst first."""
    rows = _rows(step)
    before = answers_of(read_model(step), rows)
    operators = {name: weight.operator for weight in layers.weights for name in weight.layers}
    sizes = {
        name: sum(weight.count for weight in layers.weights if name in weight.layers) for name in layers.names
    }
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_MOST_LAYERS]
    errors = {name: distance(before, answers_of(change(read_model(step), name), rows)) for name in largest}
    found = [
        # What is no number any more is worse than any other answer.
        LayerError(name, operators[name], _WORST if math.isnan(error) else error, sizes[name])
        for name, error in errors.items()
    ]
    return sorted(found, key=lambda one: (-one.error, one.layer))


def _rows(step: Step) -> CalibrationRows:
    """Real rows, else those that the conversion was proved on: a weight's error shows on either."""
    path = step.calibration or step.reference
    if path is None:
        raise ConversionError("Which layer costs most is found on rows: give --samples")
    return read_rows(path, step.signature).first(_ROWS)
