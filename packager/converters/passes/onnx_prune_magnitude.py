"""The smallest weights become zero: of all layers together, or of each."""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model
from packager.converters.passes.onnx_pruning import put, write_pruned, zeros_of
from packager.converters.passes.onnx_weight_errors import ranked
from packager.converters.passes.onnx_weights import Layers, layers_of
from packager.converters.passes.step import Applied, LayerError, Step
from packager.converters.tensors import Array


def apply(step: Step) -> Applied:
    model = read_model(step)
    layers = _layers(model, step)
    zeros = sum(zeros_of(weight) for weight in layers.weights)
    _prune(layers, _thresholds(layers, step))
    return Applied(write_pruned(model, layers, zeros, step), layers.names, layers.left)


def sensitivity(step: Step) -> list[LayerError]:
    """Each layer alone loses what it loses when all are pruned together."""
    layers = _layers(read_model(step), step)
    thresholds = _thresholds(layers, step)

    def changed(model: Any, layer: str) -> Any:
        _prune(layers_of(model).only(layer), thresholds)
        return model

    return ranked(step, layers, changed)


def _layers(model: Any, step: Step) -> Layers:
    layers = layers_of(model, step.options["exclude"])
    if not step.options["keep_ends"]:
        return layers
    inner = layers.weights[1:-1]
    if not inner:
        raise ConversionError("Between the first and the last layer there is none to prune")
    return Layers(inner, (*layers.left, *layers.weights[0].layers, *layers.weights[-1].layers))


def _thresholds(layers: Layers, step: Step) -> dict[str, float]:
    """By the name of the weight: what those that become zero are below or at."""
    sizes = [np.abs(weight.array()).ravel() for weight in layers.weights]
    names = [weight.tensor.name for weight in layers.weights]
    sparsity = step.options["sparsity"]
    if step.options["scope"] == "layer":
        return {name: _threshold(own, sparsity) for name, own in zip(names, sizes)}
    return dict.fromkeys(names, _threshold(np.concatenate(sizes), sparsity))


def _threshold(sizes: Array, sparsity: float) -> float:
    last = max(int(sizes.size * sparsity) - 1, 0)
    return float(np.partition(sizes, last)[last])


def _prune(layers: Layers, thresholds: dict[str, float]) -> None:
    for weight in layers.weights:
        array = weight.array()
        put(weight, np.where(np.abs(array) <= thresholds[weight.tensor.name], array.dtype.type(0), array))
