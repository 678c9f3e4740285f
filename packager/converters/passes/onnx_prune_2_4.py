"""Of each four weights along a layer's input, the two of the smallest magnitude become zero."""

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model
from packager.converters.passes.onnx_pruning import put, write_pruned, zeros_of
from packager.converters.passes.onnx_weight_errors import ranked
from packager.converters.passes.onnx_weights import Layers, Weight, layers_of
from packager.converters.passes.step import Applied, LayerError, Step

_FOUR = 4


def apply(step: Step) -> Applied:
    model = read_model(step)
    layers = _layers(model, step)
    zeros = sum(zeros_of(weight) for weight in layers.weights)
    for weight in layers.weights:
        _prune(weight)
    return Applied(write_pruned(model, layers, zeros, step), layers.names, layers.left)


def sensitivity(step: Step) -> list[LayerError]:
    def changed(model: Any, layer: str) -> Any:
        for weight in layers_of(model).only(layer).weights:
            _prune(weight)
        return model

    return ranked(step, _layers(read_model(step), step), changed)


def _layers(model: Any, step: Step) -> Layers:
    layers = layers_of(model, step.options["exclude"])
    fitting = replace(layers, weights=tuple(weight for weight in layers.weights if _fits(weight)))
    if not fitting.weights:
        raise ConversionError("No layer has a multiple of four inputs: there is nothing to prune by fours")
    return fitting


def _fits(weight: Weight) -> bool:
    return weight.operator != "Gather" and weight.tensor.dims[weight.inputs] % _FOUR == 0


def _prune(weight: Weight) -> None:
    """Of equal ones the later two go."""
    turned = np.moveaxis(weight.array(), weight.inputs, -1)
    fours = turned.reshape(-1, _FOUR).copy()
    smallest = np.argsort(-np.abs(fours), axis=1, kind="stable")[:, 2:]
    np.put_along_axis(fours, smallest, fours.dtype.type(0), axis=1)
    put(weight, np.moveaxis(fours.reshape(turned.shape), -1, weight.inputs))
