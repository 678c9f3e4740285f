"""A graph that computes in half precision, by ONNX Runtime's own converter; inputs and outputs stay."""

from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.onnx.graph import opset_of, reads_of, subgraphs
from packager.converters.passes.onnx_weights import layer_name

_LARGEST = 65504.0
_HINT = "compute = float32 stores weights so, and keeps what is beyond"


def converted(model: Any, left: Iterable[str]) -> Any:
    """Every operator but those of the names in ``left``, and those that half precision does not have."""
    from onnxruntime.transformers import float16

    _refuse(model)
    _name_nodes(model)
    with translated(ConversionError, "The graph does not go to half precision", _HINT):
        made = float16.convert_float_to_float16(model, keep_io_types=True, node_block_list=sorted(left))
    for graph in subgraphs(made.graph):
        del graph.value_info[:]
    _sort(made.graph)
    return made


def converted_alone(model: Any, layer: str) -> Any:
    names = {layer_name(node) for graph in subgraphs(model.graph) for node in graph.node}
    return converted(model, names - {layer})


def _refuse(model: Any) -> None:
    from onnx import TensorProto, numpy_helper

    if opset_of(model, "ai.onnx.ml"):
        raise ConversionError("Operators of ai.onnx.ml do not compute in half precision", hint=_HINT)
    for graph in subgraphs(model.graph):
        for tensor in graph.initializer:
            if tensor.data_type != TensorProto.FLOAT:
                continue
            array = numpy_helper.to_array(tensor)
            largest = float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
            if largest > _LARGEST:
                raise ConversionError(
                    f"The tensor {tensor.name} holds {largest:g}, and half precision ends at {_LARGEST:g}",
                    hint=_HINT,
                )


def _name_nodes(model: Any) -> None:
    """Operators are left out by name; a node without one gets what it is called here."""
    for graph in subgraphs(model.graph):
        for node in graph.node:
            node.name = layer_name(node)


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
