"""Half precision for ONNX: of the weights as they are stored, or of the whole computation."""

from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.onnx.graph import opset_of, reads_of, subgraphs
from packager.converters.passes.onnx_file import read_model, write_smaller
from packager.converters.passes.onnx_weights import layer_name, layers_of, replace_weight
from packager.converters.passes.step import Applied, Step
from packager.converters.tensors import Array

_LARGEST = 65504.0
_EXACT_ENOUGH = 2.0**-10
"""Half precision has eleven digits: an error above this, relative to the weight, comes of its range."""


def apply(step: Step) -> Applied:
    model = read_model(step)
    return _computed(model, step) if step.options["compute"] == "float16" else _stored(model, step)


def _stored(model: Any, step: Step) -> Applied:
    """Each weight in half precision with a node that makes it whole, which the engine runs once."""
    from onnx import TensorProto, helper, numpy_helper

    layers = layers_of(model, step.options["exclude"])
    done, beyond = [], []
    for weight in layers.weights:
        name = weight.tensor.name
        array = weight.array()
        halves = _halves(array)
        if not _error(array, halves) <= _EXACT_ENOUGH:
            beyond.append(name)
            continue
        stored = numpy_helper.from_array(halves, f"{name}_float16")
        node = helper.make_node("Cast", [stored.name], [name], to=TensorProto.FLOAT)
        replace_weight(weight, [node], [stored])
        done.append(weight)
    if not done:
        raise ConversionError(f"No weight fits half precision: {', '.join(beyond[:5])} are beyond its range")
    before, after = write_smaller(model, step)
    kept = f"; {', '.join(beyond[:5])} beyond its range stay float32" if beyond else ""
    return Applied(
        f"{len(done)} weights stored as float16, computed in float32: {before:,} to {after:,} bytes{kept}",
        tuple(dict.fromkeys(name for weight in done for name in weight.layers)),
        layers.left,
    )


def _halves(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return array.astype(np.float16)


def _error(array: Array, halves: Array) -> float:
    """Relative to the weight's size; not a number where a value became infinite."""
    size = float(np.linalg.norm(array.astype(np.float64)))
    lost = float(np.linalg.norm(array.astype(np.float64) - halves.astype(np.float64)))
    return lost / size if size else 0.0


def _computed(model: Any, step: Step) -> Applied:
    """Every operator in half precision but excluded ones and those without; inputs and outputs stay."""
    from onnxruntime.transformers import float16

    _refuse_what_has_none(model)
    layers = layers_of(model, step.options["exclude"])
    _name_nodes(model)
    with translated(ConversionError, "The graph does not go to half precision"):
        made = float16.convert_float_to_float16(
            model, keep_io_types=True, node_block_list=sorted(layers.left), disable_shape_infer=False
        )
    for graph in subgraphs(made.graph):
        del graph.value_info[:]
    _sort(made.graph)
    before, after = write_smaller(made, step)
    return Applied(f"computed in float16: {before:,} to {after:,} bytes", layers.names, layers.left)


def _refuse_what_has_none(model: Any) -> None:
    from onnx import TensorProto, numpy_helper

    if opset_of(model, "ai.onnx.ml"):
        raise ConversionError(
            "Operators of ai.onnx.ml do not compute in half precision", hint="compute = float32"
        )
    for graph in subgraphs(model.graph):
        for tensor in graph.initializer:
            if tensor.data_type != TensorProto.FLOAT:
                continue
            array = numpy_helper.to_array(tensor)
            largest = float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
            if largest > _LARGEST:
                raise ConversionError(
                    f"The tensor {tensor.name} holds {largest:g}, and half precision ends at {_LARGEST:g}",
                    hint="compute = float32 keeps such tensors as they are",
                )


def _sort(graph: Any) -> None:
    """Each node behind what it reads: the converter adds its own at the end."""
    nodes = list(graph.node)
    made_by = {name: at for at, node in enumerate(nodes) for name in node.output if name}
    before = {
        at: [made_by[name] for name in sorted(reads_of(node) & made_by.keys())]
        for at, node in enumerate(nodes)
    }
    order = list(TopologicalSorter(before).static_order())
    del graph.node[:]
    graph.node.extend(nodes[at] for at in order)


def _name_nodes(model: Any) -> None:
    """Layers are left out by name; a node without one gets what it is called here."""
    for graph in subgraphs(model.graph):
        for node in graph.node:
            node.name = layer_name(node)
