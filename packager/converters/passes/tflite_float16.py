"""Weights of a TFLite model in half precision; the engine widens them when it opens the model."""

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.passes.tflite_floats import opened, read_floats
from packager.converters.passes.tflite_plan import Plan, carried_out, ranked
from packager.converters.passes.tflite_rules import weights_float16
from packager.converters.tflite.library import schema_module


def apply(step: Step) -> Applied:
    if read_floats(step.model).were_float16:
        raise ConversionError("The model's weights are float16 already")
    return carried_out(step, _PLAN)


def sensitivity(step: Step) -> list[LayerError]:
    return ranked(step, _PLAN)


def _refuse_infinite(made: bytes) -> None:
    """What float16 cannot hold."""
    model = opened(made)
    halves = schema_module().TensorType.FLOAT16
    for tensor in (one for graph in model.subgraphs for one in graph.tensors if one.type == halves):
        held = model.buffers[tensor.buffer].data
        if held is None:
            continue
        if not np.isfinite(np.frombuffer(np.asarray(held, np.uint8).tobytes(), np.float16)).all():
            raise ConversionError(
                f"{tensor.name.decode()} has weights beyond 65504, the most that a float16 holds",
                hint="leave its layer as it is: exclude",
            )


_PLAN = Plan("float16 weights", weights_float16, has_ranges=False, check=_refuse_infinite)
