"""The weights of an ONNX graph's layers: where they are, who reads them, and which axes are whose."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.onnx.graph import subgraphs
from packager.converters.passes.onnx_file import is_large
from packager.converters.tensors import Array

_PASSED_ON = frozenset({"Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Slice", "Concat"})
"""What hands a weight to its layer."""
_POSITIONS = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "Gemm": (1,),
    "MatMul": (0, 1),
    "Gather": (0,),
    "LSTM": (1, 2),
    "GRU": (1, 2),
    "RNN": (1, 2),
}
"""The inputs of each operator that are weights, where they are constant."""


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight, which lies in ``graph``, and the layers that read it.

    ``channels``: the axes along which each place has a scale of its own; ``inputs``: the axis along which
    values are summed up.
    """

    graph: Any
    tensor: Any
    layers: tuple[str, ...]
    operator: str
    channels: tuple[int, ...]
    inputs: int

    @property
    def count(self) -> int:
        return int(np.prod(self.tensor.dims))

    def array(self) -> Array:
        from onnx import numpy_helper

        return np.asarray(numpy_helper.to_array(self.tensor))


@dataclass(frozen=True, slots=True)
class Layers:
    """The weights that a pass changes, and the names of layers that it leaves."""

    weights: tuple[Weight, ...]
    left: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for weight in self.weights for name in weight.layers))

    def only(self, layer: str) -> "Layers":
        """The weights of one layer."""
        return Layers(tuple(weight for weight in self.weights if layer in weight.layers), ())


def layers_of(model: Any, exclude: Iterable[str] = (), of_all: bool = False) -> Layers:
    """Large weights of layers in the graph's order; a name in ``exclude`` that no layer has is an error.

    ``of_all``: also tensors that are read by other operators (tables, masks, positions).
    """
    weights = list(_weights(model, of_all))
    known = {name for weight in weights for name in weight.layers}
    unknown = sorted(set(exclude) - known)
    if unknown:
        raise ConversionError(
            f"No layer with weights has the name {unknown[0]!r}",
            hint=f"there are {', '.join(sorted(known)[:10])}" if known else None,
        )
    if not weights:
        raise ConversionError(_why_none(model))
    left = set(exclude)
    taken = tuple(weight for weight in weights if left.isdisjoint(weight.layers))
    if not taken:
        raise ConversionError("Every layer with weights is excluded: there is nothing to do")
    return Layers(taken, tuple(sorted(left)))


def _why_none(model: Any) -> str:
    from onnx import TensorProto

    shorter = {TensorProto.FLOAT16: "float16", TensorProto.INT8: "int8", TensorProto.UINT8: "uint8"}
    stored = [tensor for graph in subgraphs(model.graph) for tensor in graph.initializer]
    kinds = {shorter[one.data_type] for one in stored if one.data_type in shorter and len(one.dims) > 1}
    if kinds:
        return f"The weights are {' and '.join(sorted(kinds))}, and this pass is for float32 and float64"
    return "The model has no large weights in layers: there is nothing to do"


def _weights(model: Any, of_all: bool) -> Iterator[Weight]:
    for graph in subgraphs(model.graph):
        inner = [node for deeper in subgraphs(graph) for node in deeper.node]
        readers: dict[str, list[tuple[Any, int]]] = {}
        for node in inner:
            for at, name in enumerate(node.input):
                readers.setdefault(name, []).append((node, at))
        for tensor in graph.initializer:
            if is_large(tensor):
                found = list(_read_by(tensor.name, readers))
                if found and (of_all or _is_weight(tensor, found)):
                    yield _weight(graph, tensor, found)


def _weight(graph: Any, tensor: Any, found: list[tuple[Any, int, bool]]) -> Weight:
    node, at, is_direct = found[0]
    channels, inputs = _axes(node, at, len(tensor.dims)) if is_direct else ((0,), 1)
    names = tuple(dict.fromkeys(layer_name(node) for node, _, _ in found))
    return Weight(graph, tensor, names, node.op_type, channels, inputs)


def _is_weight(tensor: Any, found: list[tuple[Any, int, bool]]) -> bool:
    """Whether layers alone read the tensor, and its values are finite."""
    from onnx import numpy_helper

    if any(at not in _POSITIONS.get(node.op_type, ()) for node, at, _ in found):
        return False
    return bool(np.isfinite(numpy_helper.to_array(tensor)).all())


def _read_by(
    name: str, readers: dict[str, list[tuple[Any, int]]], is_direct: bool = True
) -> Iterator[tuple[Any, int, bool]]:
    for node, at in readers.get(name, ()):
        if (
            node.op_type in _PASSED_ON
            and (at == 0 or node.op_type == "Concat")
            and readers.get(node.output[0])
        ):
            yield from _read_by(node.output[0], readers, is_direct=False)
        else:
            yield node, at, is_direct


def _axes(node: Any, at: int, rank: int) -> tuple[tuple[int, ...], int]:
    """The axes of channels, and that of inputs."""
    if node.op_type == "MatMul":
        others = tuple(range(rank - 2))
        return ((*others, rank - 1), rank - 2) if at == 1 else ((*others, rank - 2), rank - 1)
    if node.op_type == "Gemm":
        transposed = any(one.name == "transB" and one.i for one in node.attribute)
        return ((0,), 1) if transposed else ((1,), 0)
    if node.op_type == "ConvTranspose":
        return (1,), 0
    if node.op_type in ("LSTM", "GRU", "RNN"):
        return (0, 1), 2
    return (0,), 1


def layer_name(node: Any) -> str:
    """What the graph calls a node; one without a name is called by what it computes."""
    return str(node.name or next(name for name in node.output if name))


def replace_weight(weight: Weight, nodes: list[Any], stored: list[Any]) -> None:
    """``nodes`` compute the weight under its own name, from tensors that are ``stored`` in its place."""
    graph, name = weight.graph, weight.tensor.name
    weight.tensor.CopyFrom(stored[0])
    graph.initializer.extend(stored[1:])
    for at, node in enumerate(nodes):
        graph.node.insert(at, node)
    for value in [value for value in graph.input if value.name == name]:
        graph.input.remove(value)
