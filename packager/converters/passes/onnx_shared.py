"""Weights that several layers read become one for each way of reading them: quantizers change them in place.

They turn the matrix of a Gemm once for each Gemm that reads it, take the channels of the first reader for
those of all, and write the weights of an LSTM anew at each LSTM.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from packager.converters.onnx.graph import subgraphs, unused_name

_TURNED = "turned"
_READ = {("Conv", 1), ("Gather", 0), ("Gemm", 1), ("LSTM", 1), ("LSTM", 2), ("MatMul", 1)}
_Reading = tuple[Any, int]


def part_weights(model: Any) -> None:
    """Each shared weight is copied, once for each way; where all read it alike it stays one."""
    for graph in subgraphs(model.graph):
        readers: dict[str, list[_Reading]] = {}
        for node in (node for inner in subgraphs(graph) for node in inner.node):
            for at, name in enumerate(node.input):
                readers.setdefault(name, []).append((node, at))
        shown = {value.name for inner in subgraphs(graph) for value in inner.output}
        for tensor in list(graph.initializer):
            found = readers.get(tensor.name, [])
            if len(found) > 1 and any((node.op_type, at) in _READ for node, at in found):
                _part(model, graph, tensor, found, tensor.name in shown)


def _part(model: Any, graph: Any, tensor: Any, readers: list[_Reading], is_shown: bool) -> None:
    ways: dict[str, list[_Reading]] = {}
    for node, at in readers:
        ways.setdefault(_way(node, at), []).append((node, at))
    kept = is_shown
    for way, found in ways.items():
        if way != _TURNED and not kept:
            kept = True
            continue
        copied = _copied(model, graph, tensor, way)
        for node, at in found:
            node.input[at] = copied
            if way == _TURNED:
                _drop(node, "transB")
    if not kept:
        graph.initializer.remove(tensor)


def _way(node: Any, at: int) -> str:
    """Who reads it so can have the same tensor in 8 bits."""
    if (node.op_type, at) not in _READ:
        return ""
    if node.op_type == "LSTM":
        return f"{node.op_type} {node.name}"
    if node.op_type in ("Gemm", "MatMul"):
        return _TURNED if any(_turning(node)) else "columns"
    return str(node.op_type)


def _turning(node: Any) -> Iterator[bool]:
    return (bool(one.i) for one in node.attribute if one.name == "transB")


def _drop(node: Any, attribute: str) -> None:
    kept = [one for one in node.attribute if one.name != attribute]
    del node.attribute[:]
    node.attribute.extend(kept)


def _copied(model: Any, graph: Any, tensor: Any, way: str) -> str:
    from onnx import numpy_helper

    array = numpy_helper.to_array(tensor)
    array = np.ascontiguousarray(array.T) if way == _TURNED else array
    name = unused_name(model, f"{tensor.name}_{way.replace(' ', '_') or 'whole'}")
    graph.initializer.append(numpy_helper.from_array(array, name))
    return name
