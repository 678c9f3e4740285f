"""Half precision for ONNX: of weights as they are stored. The computation stays as it is.

In half precision throughout a graph is no smaller than so, and no processor here computes it faster; one of
the engine's own rewritings ends the process on such graphs (ONNX Runtime 1.31.1, a transformer, level "all").
"""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model, write_smaller
from packager.converters.passes.onnx_integers import halved
from packager.converters.passes.onnx_weight_errors import ranked
from packager.converters.passes.onnx_weights import Layers, Weight, layers_of, replace_weight
from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.tensors import Array

_EXACT_ENOUGH = 2.0**-10
"""Half precision has eleven digits: an error above this, relative to the weight, comes of its range."""


def apply(step: Step) -> Applied:
    model = read_model(step)
    layers = layers_of(model, step.options["exclude"], of_all=True)
    done, beyond = _stored(layers)
    if not done.weights:
        raise ConversionError(f"No weight is within the range of half precision: {', '.join(beyond[:5])}")
    before, after = write_smaller(model, step)
    kept = f"; {', '.join(beyond[:5])} beyond its range stay as they are" if beyond else ""
    count = len(done.weights)
    return Applied(
        f"{count} weight{'s' if count > 1 else ''} stored as float16, computed as before: "
        f"{before:,} to {after:,} bytes{kept}",
        done.names,
        layers.left,
    )


def sensitivity(step: Step) -> list[LayerError]:
    layers = layers_of(read_model(step), step.options["exclude"], of_all=True)

    def changed(model: Any, layer: str) -> Any:
        _stored(layers_of(model, of_all=True).only(layer))
        return model

    return ranked(step, layers, changed)


def _stored(layers: Layers) -> tuple[Layers, list[str]]:
    """What is stored in half precision now, and the names of tensors that are beyond its range."""
    halves = [(weight, halved(weight.array())) for weight in layers.weights]
    fitting = [(weight, half) for weight, half in halves if _fits(weight.array(), half)]
    beyond = [weight.tensor.name for weight, half in halves if not _fits(weight.array(), half)]
    for weight, half in fitting:
        _store(weight, half)
    return Layers(tuple(weight for weight, _ in fitting), ()), beyond


def _store(weight: Weight, halves: Array) -> None:
    """With a node that makes the weight whole, which the engine runs once."""
    from onnx import helper, numpy_helper

    name = str(weight.tensor.name)
    stored = numpy_helper.from_array(halves, f"{name}_float16")
    whole = helper.make_node("Cast", [stored.name], [name], to=weight.tensor.data_type)
    replace_weight(weight, [whole], [stored])


def _fits(array: Array, halves: Array) -> bool:
    """Infinities must stay what they are, and all else nearly."""
    finite = np.isfinite(array)
    if not np.array_equal(array[~finite], halves[~finite], equal_nan=True):
        return False
    own = array[finite].astype(np.float64)
    lost = float(np.linalg.norm(own - halves[finite].astype(np.float64)))
    return lost <= _EXACT_ENOUGH * float(np.linalg.norm(own))
