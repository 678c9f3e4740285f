"""Trees that compare and add in double precision brought to single precision, where rows answer the same."""

from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.passes.onnx_trees import TreeNode, asked_nodes, weights_of
from packager.converters.passes.onnx_trees_alone import each_alone
from packager.converters.tensors import Array
from packager.converters.tiny.forest import Ensemble

_SAME = 1e-5


def in_single(model: Any, node: TreeNode, ensemble: Ensemble, rows: Array | None) -> Ensemble:
    """The trees in single precision, with the node's input cast to it; as they are where a bound needs more,
    or where ``rows`` answer otherwise. Without rows it is done only where all values were single before."""
    if ensemble.single or not _fits(ensemble):
        return ensemble
    source = _single_before(model, node)
    single = replace(ensemble, single=True)
    if source is None and (rows is None or not _same(ensemble, single, rows)):
        return ensemble
    given = node.proto.input[0]
    node.proto.input[0] = _cast(model, node) if source is None else source
    _drop_unread(model, given)
    return single


def _fits(ensemble: Ensemble) -> bool:
    bounds = [
        asked.values[0]
        for root in ensemble.roots
        for place in asked_nodes(ensemble, root)
        if (asked := ensemble.nodes[place]) is not None
    ]
    leaves = [
        weight for root in ensemble.roots for pairs in weights_of(ensemble, root) for _, weight in pairs
    ]
    exact = np.array(bounds, dtype=np.float64)
    with np.errstate(over="ignore"):
        largest = np.abs(np.array([*leaves, *ensemble.base]), dtype=np.float64).max(initial=0)
        return bool((exact.astype(np.float32) == exact).all() and np.isfinite(np.float32(largest)))


def _same(before: Ensemble, after: Ensemble, rows: Array) -> bool:
    one, other = each_alone(before, rows).said, each_alone(after, rows.astype(np.float32)).said
    return bool(np.allclose(one, other, rtol=_SAME, atol=_SAME * float(np.abs(one).max(initial=0))))


def _single_before(model: Any, node: TreeNode) -> str | None:
    """The name of the node's input before it was cast to double, where it is an input of the model."""
    from onnx import TensorProto

    singles = {
        entry.name for entry in model.graph.input if entry.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    for other in model.graph.node:
        if other.op_type == "Cast" and other.output[0] == node.proto.input[0]:
            return str(other.input[0]) if other.input[0] in singles else None
    return None


def _cast(model: Any, node: TreeNode) -> str:
    """The input in single precision, by a node of its own in front of the trees."""
    from onnx import TensorProto, helper

    given, name = node.proto.input[0], f"{node.proto.output[-1]}_single"
    made = helper.make_node("Cast", [given], [name], name, to=TensorProto.FLOAT)
    at = next(at for at, other in enumerate(model.graph.node) if other.output[0] == node.proto.output[0])
    model.graph.node.insert(at, made)
    return name


def _drop_unread(model: Any, name: str) -> None:
    """The cast to double precision goes where nothing else reads it."""
    read = {entry for other in model.graph.node for entry in other.input}
    if name in read or name in {entry.name for entry in model.graph.output}:
        return
    for other in model.graph.node:
        if other.op_type == "Cast" and other.output[0] == name:
            model.graph.node.remove(other)
            return
