"""The layers of an ONNX graph that int8 is for, out of a graph as quantizers take it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from packager.converters.failure import ConversionError, WorkerError
from packager.converters.onnx import versions
from packager.converters.onnx.graph import opset_of, subgraphs
from packager.converters.passes.onnx_biases import flatten_biases, fold_factors, merge_biases
from packager.converters.passes.onnx_cleanup import tidied_or_as_it_is
from packager.converters.passes.onnx_file import read_model, refuse_untyped
from packager.converters.passes.onnx_shared import part_weights
from packager.converters.passes.onnx_weights import layer_name
from packager.converters.passes.step import Step

LEAST_OPSET = 13
"""Since this one a weight may have a scale for each channel."""
_QUANTIZED = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger"}
    | {"QLinearConv", "QLinearMatMul", "QGemm", "MatMulNBits", "DynamicQuantizeLSTM"}
)
# The inputs of each operator that are weights, and the sizes that these have.
_WEIGHTS: Mapping[str, tuple[tuple[int, ...], Collection[int]]] = {
    "Conv": ((1,), (3, 4, 5)),
    "Gemm": ((1,), (2,)),
    "MatMul": ((1,), (2,)),
    "Gather": ((0,), (2,)),
    "LSTM": ((1, 2), (3,)),
    "Attention": ((1,), (2,)),
}
_SMALLEST_TABLE = 512
_NO_LAYERS = "Trees and linear models of ai.onnx.ml have no layers that int8 is for"


@dataclass(frozen=True, slots=True)
class Layer:
    """A node with constant weights."""

    name: str
    operator: str
    parameters: int
    node: Any
    graph: Any


@dataclass(frozen=True, slots=True)
class Prepared:
    """A graph as a quantizer takes it: every node has a name of its own, every value a type."""

    model: Any
    layers: tuple[Layer, ...]

    def taken(self, exclude: Collection[str]) -> tuple[Layer, ...]:
        known = [layer.name for layer in self.layers]
        unknown = sorted(set(exclude) - set(known))
        if unknown:
            raise ConversionError(
                f"No layer that int8 is for has the name {unknown[0]!r}",
                hint=f"there are {', '.join(known[:10])}",
            )
        taken = tuple(layer for layer in self.layers if layer.name not in exclude)
        if not taken:
            raise ConversionError("Every layer that int8 is for is excluded: there is nothing to do")
        return taken


def prepared(step: Step, operators: Collection[str], *, inner: bool) -> Prepared:
    """``operators``: those whose layers are looked for; ``inner``: also in the graphs within nodes."""
    import onnx

    before = read_model(step)
    _refuse_quantized(before)
    refuse_untyped(before)
    model = _raised(tidied_or_as_it_is(step))
    _name_nodes(model)
    part_weights(model)
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    merge_biases(model)
    flatten_biases(model)
    fold_factors(model)
    inside = subgraphs(model.graph) if inner else [model.graph]
    layers = tuple(layer for graph in inside for layer in _layers(graph, operators))
    if not layers:
        raise ConversionError(_why_none(model, operators, inside))
    return Prepared(model, layers)


def _refuse_quantized(model: Any) -> None:
    found = {node.op_type for graph in subgraphs(model.graph) for node in graph.node} & _QUANTIZED
    if found:
        raise ConversionError(f"The model is quantized already: it has {', '.join(sorted(found))}")


def _raised(model: Any) -> Any:
    have = opset_of(model)
    if have == 0 or have >= LEAST_OPSET:
        return model
    try:
        return versions.converted(model, have, LEAST_OPSET)
    except WorkerError as error:
        raise ConversionError(
            f"Int8 takes opset {LEAST_OPSET}: {error.message}", hint="export the model with a newer opset"
        ) from error


def _name_nodes(model: Any) -> None:
    """Layers are named by users and by quantizers: no two may have one name."""
    seen: set[str] = set()
    for graph in subgraphs(model.graph):
        for node in graph.node:
            name = stem = layer_name(node)
            number = 2
            while name in seen:
                name, number = f"{stem}_{number}", number + 1
            seen.add(name)
            node.name = name


def _layers(graph: Any, operators: Collection[str]) -> Iterable[Layer]:
    import onnx

    weights = {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and 0 not in tensor.dims
    }
    for node in graph.node:
        if node.op_type not in operators or node.op_type not in _WEIGHTS:
            continue
        places, ranks = _WEIGHTS[node.op_type]
        held = [weights.get(node.input[place]) for place in places if place < len(node.input)]
        if len(held) < len(places) or any(one is None or len(one.dims) not in ranks for one in held):
            continue
        count = sum(_count(one) for one in held)
        if _is_fit(node, weights, count):
            yield Layer(node.name, node.op_type, count, node, graph)


def _is_fit(node: Any, weights: Mapping[str, Any], count: int) -> bool:
    """What the quantizers would do wrongly, or to no use."""
    if node.op_type == "Gather":
        return count >= _SMALLEST_TABLE and _said(node, "axis", 0) == 0
    if node.op_type == "LSTM":  # the quantizer drops the layout
        return _said(node, "layout", 0) == 0
    if node.op_type == "Gemm" and (_said(node, "transA", 0) or _said(node, "alpha", 1) != 1):
        return False
    if node.op_type == "Gemm" and len(node.input) > 2 and _said(node, "beta", 1) != 1:
        return False
    if node.op_type in ("Conv", "Gemm") and len(node.input) > 2 and node.input[2]:
        return node.input[2] in weights and len(weights[node.input[2]].dims) == 1
    return True


def _said(node: Any, name: str, otherwise: float) -> float:
    """A number among the attributes."""
    found = (one for one in node.attribute if one.name == name)
    return next((one.f if one.HasField("f") else one.i for one in found), otherwise)


def _count(tensor: Any) -> int:
    count = 1
    for size in tensor.dims:
        count *= size
    return count


def _why_none(model: Any, operators: Collection[str], inside: list[Any]) -> str:
    import onnx

    wanted = ", ".join(sorted(operators))
    found = {node.op_type for graph in subgraphs(model.graph) for node in graph.node}
    if any(kind.startswith("TreeEnsemble") for kind in found):
        return _NO_LAYERS
    tensors = [tensor for graph in subgraphs(model.graph) for tensor in graph.initializer]
    for kind, word in ((onnx.TensorProto.DOUBLE, "float64"), (onnx.TensorProto.FLOAT16, "float16")):
        if found & set(operators) and any(one.data_type == kind and len(one.dims) > 1 for one in tensors):
            return f"The weights are {word}, and int8 is for float32"
    if any(node.domain == "ai.onnx.ml" for node in model.graph.node):
        return _NO_LAYERS
    if found & set(operators) and len(inside) < len(subgraphs(model.graph)):
        within = ", ".join(sorted(found & {"If", "Loop", "Scan"}))
        return f"All layers lie within {within}, where they stay float32"
    return f"The model has no layer that int8 is for, which are {wanted} with constant float32 weights"
