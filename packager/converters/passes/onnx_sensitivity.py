"""Which layers suffer most from int8: each is quantized alone, and the model's answers are compared."""

from collections.abc import Callable, Sequence
from typing import Any

from packager.converters.failure import WorkerError
from packager.converters.passes.onnx_layers import Layer, Prepared
from packager.converters.passes.onnx_ranges import measured
from packager.converters.passes.onnx_rows import (
    Answers,
    CalibrationRows,
    answers_of,
    calibration_rows,
    distance,
)
from packager.converters.passes.step import LayerError, Step

MOST_LAYERS = 60
"""Of a deeper net those whose inputs spread widest are tried: far values are what ruins int8."""
_ROWS = 32
_WORST = 1e9


def ranked(
    step: Step, graph: Prepared, quantized: Callable[[Sequence[Layer]], Any], what: str
) -> list[LayerError]:
    """The worst first; ``quantized`` gives the model with these layers in int8 and all others as before."""
    rows = calibration_rows(step, f"To see which layers suffer from {what[0].lower()}{what[1:]}").first(_ROWS)
    layers = graph.taken(step.options["exclude"])
    if len(layers) > MOST_LAYERS:
        layers = _widest(graph, layers, rows)
    before = answers_of(graph.model, rows)
    found = [
        LayerError(layer.name, layer.operator, _error(quantized, layer, rows, before), layer.parameters)
        for layer in layers
    ]
    return sorted(found, key=lambda one: (-one.error, one.layer))


def _widest(graph: Prepared, layers: Sequence[Layer], rows: CalibrationRows) -> tuple[Layer, ...]:
    """In the graph's order."""
    inputs = {layer.name: layer.node.input[0] for layer in layers}
    ranges = measured(graph.model, rows, set(inputs.values()))
    spread = {name: ranges[given].spread if given in ranges else 0.0 for name, given in inputs.items()}
    chosen = set(sorted(spread, key=lambda name: (-spread[name], name))[:MOST_LAYERS])
    return tuple(layer for layer in layers if layer.name in chosen)


def _error(
    quantized: Callable[[Sequence[Layer]], Any],
    layer: Layer,
    rows: CalibrationRows,
    before: Sequence[Answers],
) -> float:
    """A layer that cannot be quantized alone, or answers with no number, is the worst that there is."""
    try:
        error = distance(before, answers_of(quantized([layer]), rows))
    except WorkerError:
        return _WORST
    return min(error, _WORST) if error == error else _WORST  # noqa: PLR0124
