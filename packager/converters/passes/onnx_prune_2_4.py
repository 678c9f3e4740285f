"""Of each four weights along a layer's input, the two of the smallest magnitude become zero."""

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model
from packager.converters.passes.onnx_pruning import put, write_pruned, zeros_of
from packager.converters.passes.onnx_weights import Layers, Weight, layers_of
from packager.converters.passes.step import Applied, Step
from packager.converters.tensors import Array

_FOUR = 4


def apply(step: Step) -> Applied:
    model = read_model(step)
    layers = layers_of(model, step.options["exclude"])
    fitting = tuple(weight for weight in layers.weights if _fits(weight))
    if not fitting:
        raise ConversionError("No layer has a multiple of four inputs: there is nothing to prune by fours")
    rest = (name for weight in layers.weights if not _fits(weight) for name in weight.layers)
    layers = Layers(fitting, tuple(dict.fromkeys((*layers.left, *rest))))
    zeros = sum(zeros_of(weight) for weight in layers.weights)
    for weight in layers.weights:
        put(weight, _pruned(weight))
    return Applied(write_pruned(model, layers, zeros, step), layers.names, layers.left)


def _fits(weight: Weight) -> bool:
    return weight.operator != "Gather" and weight.tensor.dims[weight.inputs] % _FOUR == 0


def _pruned(weight: Weight) -> Array:
    """Of equal ones the later two go."""
    turned = np.moveaxis(weight.array(), weight.inputs, -1)
    fours = turned.reshape(-1, _FOUR).copy()
    smallest = np.argsort(-np.abs(fours), axis=1, kind="stable")[:, 2:]
    np.put_along_axis(fours, smallest, np.float32(0), axis=1)
    return np.moveaxis(fours.reshape(turned.shape), -1, weight.inputs)
