"""Files that other converters wrote, made portable: our names, no words of theirs, perhaps a free batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from packager.converters.signature import BATCH, Signature
from packager.converters.tflite.library import schema_module


def rename(model: Any, names: Mapping[str, str]) -> None:
    """The names of the signature by the names that the converter gave; those within the graph say nothing.

    A tensor that is an output twice, or an input and an output, keeps the last of its names.
    """
    (signature,) = model.signatureDefs
    signature.signatureKey = "serving_default"
    graph = model.subgraphs[signature.subgraphIndex]
    for at, tensor in enumerate(graph.tensors):
        tensor.name = f"t{at}"
    for entry in [*signature.inputs, *signature.outputs]:
        given = entry.name.decode() if isinstance(entry.name, bytes) else entry.name
        entry.name = names[given]
        graph.tensors[entry.tensorIndex].name = names[given]
    graph.name, model.description = "main", ""


def declare(model: Any, signature: Signature) -> None:
    """The sizes of inputs and outputs: a batch begins with one row and is free, all else is as it is."""
    (stored,) = model.signatureDefs
    shapes = {spec.name: spec.shape for spec in (*signature.inputs, *signature.outputs)}
    for entry in [*stored.inputs, *stored.outputs]:
        tensor = model.subgraphs[stored.subgraphIndex].tensors[entry.tensorIndex]
        sizes = shapes[entry.name]
        tensor.shape = np.array([1 if size == BATCH else size for size in sizes], np.int32)
        free = np.array([-1 if size == BATCH else size for size in sizes], np.int32)
        tensor.shapeSignature = free if (free < 0).any() else None


def free_batch(model: Any) -> None:
    """Says that the batch is free, and lets reshapes follow it: its caller proves whether that holds."""
    graph, reshape = model.subgraphs[0], schema_module().BuiltinOperator.RESHAPE
    for at in [*graph.inputs, *graph.outputs]:
        tensor = graph.tensors[at]
        if tensor.shape is not None and len(tensor.shape) and tensor.shape[0] == 1:
            tensor.shapeSignature = np.array([-1, *tensor.shape[1:]], np.int32)
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) == reshape:
            _follow(model, graph, operator)


def _follow(model: Any, graph: Any, operator: Any) -> None:
    """A reshape to one row becomes one to as many rows as come."""
    if len(operator.inputs) < 2:
        return
    tensor = graph.tensors[operator.inputs[1]]
    held = model.buffers[tensor.buffer].data
    if held is None:
        return
    sizes = np.frombuffer(np.asarray(held, np.uint8).tobytes(), np.int32)
    if len(sizes) == 0 or sizes[0] != 1 or (sizes < 0).any():
        return
    made = type(model.buffers[0])()
    made.data = np.frombuffer(np.array([-1, *sizes[1:]], np.int32).tobytes(), np.uint8)
    model.buffers.append(made)
    tensor.buffer = len(model.buffers) - 1
    if operator.builtinOptions is not None:
        operator.builtinOptions.newShape = None
