"""Weights of 8 or 4 bits for ONNX, which become floats again when the model is opened, or at each use."""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes import onnx_matmul_nbits
from packager.converters.passes.onnx_file import read_model, write_smaller
from packager.converters.passes.onnx_integers import grouping, rounded
from packager.converters.passes.onnx_unpacking import unpacking
from packager.converters.passes.onnx_weight_errors import ranked
from packager.converters.passes.onnx_weights import Layers, layers_of, replace_weight
from packager.converters.passes.step import Applied, LayerError, Step

_FEW = 4
_BLOCK = 32
"""Weights of 4 bits that share a scale, where nobody says."""


def apply(step: Step) -> Applied:
    model = read_model(step)
    layers = _layers(model, step)
    _change(model, layers, step)
    before, after = write_smaller(model, step)
    bits, count = step.options["bits"], len(layers.weights)
    when = "unpacked when opened" if step.options["how"] == "dequantize" else "as MatMulNBits"
    return Applied(
        f"{count} weight{'s' if count > 1 else ''} of {bits} bits, {when}: {before:,} to {after:,} bytes",
        layers.names,
        layers.left,
    )


def sensitivity(step: Step) -> list[LayerError]:
    def changed(model: Any, layer: str) -> Any:
        _change(model, layers_of(model).only(layer), step)
        return model

    return ranked(step, _layers(read_model(step), step), changed)


def _layers(model: Any, step: Step) -> Layers:
    layers = layers_of(model, step.options["exclude"])
    if step.options["how"] == "matmul_nbits":
        layers = onnx_matmul_nbits.matrices(model, layers)
    if not layers.weights:
        raise ConversionError("No layer has weights of the kind: there is nothing to do")
    return layers


def _change(model: Any, layers: Layers, step: Step) -> None:
    bits, symmetric = step.options["bits"], step.options["symmetric"]
    block_size = step.options["block_size"] or (_BLOCK if bits == _FEW else 0)
    if step.options["how"] == "matmul_nbits":
        level = step.options["accuracy_level"]
        onnx_matmul_nbits.replace_products(model, layers, bits, block_size or _BLOCK, symmetric, level)
        return
    for weight in layers.weights:
        view, axes = grouping(weight, block_size)
        grouped = np.reshape(weight.array().astype(np.float32), view)
        found = rounded(grouped, axes, bits, symmetric, half=bits == _FEW)
        nodes, stored = unpacking(weight, found, axes[0] if bits == _FEW else None)
        replace_weight(weight, nodes, stored)
