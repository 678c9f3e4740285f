"""The smallest weights of all layers become zero."""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model
from packager.converters.passes.onnx_pruning import put, write_pruned, zeros_of
from packager.converters.passes.onnx_weight_errors import ranked
from packager.converters.passes.onnx_weights import Layers, Weight, layers_of
from packager.converters.passes.step import Applied, LayerError, Step


def apply(step: Step) -> Applied:
    model = read_model(step)
    layers = _layers(model, step)
    zeros = sum(zeros_of(weight) for weight in layers.weights)
    threshold = _threshold(layers, step.options["sparsity"])
    for weight in layers.weights:
        _prune(weight, threshold)
    return Applied(write_pruned(model, layers, zeros, step), layers.names, layers.left)


def sensitivity(step: Step) -> list[LayerError]:
    """Each layer alone loses what it loses when all are pruned together."""
    layers = _layers(read_model(step), step)
    threshold = _threshold(layers, step.options["sparsity"])

    def changed(model: Any, layer: str) -> Any:
        for weight in layers_of(model).only(layer).weights:
            _prune(weight, threshold)
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


def _threshold(layers: Layers, sparsity: float) -> float:
    """What all weights that become zero are below or at."""
    sizes = np.concatenate([np.abs(weight.array()).ravel() for weight in layers.weights])
    last = max(int(sizes.size * sparsity) - 1, 0)
    return float(np.partition(sizes, last)[last])


def _prune(weight: Weight, threshold: float) -> None:
    array = weight.array()
    put(weight, np.where(np.abs(array) <= threshold, np.float32(0), array))
