"""Lowers a whole ONNX graph, node by node; what is known before it runs is computed here."""

import math
from typing import Any

import numpy as np

from packager.converters.signature import Signature
from packager.converters.tiny import (
    arithmetic,
    choosing,
    columns,
    functions,
    linear,
    machines,
    products,
    reducing,
    shapes,
    texts,
    trees,
)
from packager.converters.tiny.node import Array, Lowering, Node, Step, UncoveredError, Value, known
from packager.converters.tiny.writer import Port, Written, write

LOWERINGS: dict[str, dict[str, Lowering]] = {
    "": {
        **arithmetic.LOWERINGS,
        **functions.LOWERINGS,
        **reducing.LOWERINGS,
        **products.LOWERINGS,
        **shapes.LOWERINGS,
        **choosing.LOWERINGS,
        **texts.LOWERINGS,
    },
    "ai.onnx.ml": {**trees.LOWERINGS, **columns.LOWERINGS, **linear.LOWERINGS, **machines.LOWERINGS},
    "com.microsoft": {**texts.MICROSOFT},
}
"""By domain and operator. A lowering writes the steps of one node, or refuses it by name."""

_COMPUTED = frozenset({"Constant"})
"""Operators without a lowering that are computed here, as all are whose inputs are constants."""
DTYPES = ("float32", "float64", "int64", "int32", "bool", "string")
"""What a value of the graph may be."""


_MOST_BYTES = 16_000_000
"""Of initializers: as Python numbers they take four times as much, and products of them take for ever."""


def check_operators(model: Any) -> None:
    """Refuse a graph by its operators and sizes alone: the weights need not be there."""
    for node in model.graph.node:
        domain = _domain(node)
        if node.op_type not in LOWERINGS.get(domain, ()) and (domain or node.op_type not in _COMPUTED):
            raise UncoveredError(f"operator {node.op_type}" + (f" of {domain}" if domain else ""))
    stored_bytes = sum(_stored_bytes(tensor) for tensor in model.graph.initializer)
    if stored_bytes > _MOST_BYTES:
        most = f"{_MOST_BYTES / 1e6:.0f} MB"
        raise UncoveredError(f"room for {stored_bytes / 1e6:.0f} MB of weights: it takes {most}")


def _stored_bytes(tensor: Any) -> int:
    import onnx

    if tensor.data_type == onnx.TensorProto.STRING:
        return sum(map(len, tensor.string_data))
    itemsize: int = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return math.prod(tensor.dims) * itemsize


def lower(model: Any, signature: Signature) -> Written:
    """The model for the engine; UncoveredError names what it cannot run."""
    check_operators(model)
    graph = _Graph(model, signature)
    for node in model.graph.node:
        graph.add(node)
    outputs = [Port(spec.name, spec.shape, graph.output(spec.name, spec.dtype)) for spec in signature.outputs]
    return write(graph.inputs, outputs, graph.steps)


class _Graph:
    def __init__(self, model: Any, signature: Signature) -> None:
        import onnx

        if model.functions or model.graph.sparse_initializer:
            raise UncoveredError("functions and sparse tensors")
        self.opsets = {_domain(entry): entry.version for entry in model.opset_import}
        self.imports = model.opset_import
        self.steps: list[Step] = []
        self.values: dict[str, Value] = {
            tensor.name: known(_texts(onnx.numpy_helper.to_array(tensor)))
            for tensor in model.graph.initializer
        }
        self.inputs = [Port(spec.name, spec.shape, Value(spec.dtype)) for spec in signature.inputs]
        given = [entry.name for entry in model.graph.input]
        for port in self.inputs:
            _check_dtype(port.value.dtype, f"the input {port.name}")
            self.values[port.name] = port.value
        lost = [name for name in given if name not in self.values]
        if lost:
            raise UncoveredError(f"input {lost[0]} that the signature lacks")

    def output(self, name: str, dtype: str) -> Value:
        value = self.values[name]
        if value.dtype != dtype:
            raise UncoveredError(f"output {name} as {dtype}: it is {value.dtype} here")
        return value

    def add(self, proto: Any) -> None:
        given = [self.values[name] if name else None for name in proto.input]
        domain = _domain(proto)
        if domain == "" and all(value is None or value.array is not None for value in given):
            made = [known(_texts(array)) for array in self._computed(proto, given)]
        else:
            node = Node(
                proto.op_type,
                self.opsets.get(domain, 1),
                tuple(given),
                len([name for name in proto.output if name]),
                _attributes(proto),
            )
            made = LOWERINGS[domain][proto.op_type](node)
            self.steps += node.steps
        for name, value in zip(proto.output, made, strict=False):
            if name:
                _check_dtype(value.dtype, f"{proto.op_type}")
                self.values[name] = value
        if any(name and name not in self.values for name in proto.output):
            raise UncoveredError(f"{proto.op_type} with {len(proto.output)} outputs")

    def _computed(self, proto: Any, given: list[Value | None]) -> list[Array]:
        """The outputs of a node of constants, by ONNX's own reference."""
        import onnx
        from onnx.reference import ReferenceEvaluator

        named = {
            name: value.array for name, value in zip(proto.input, given, strict=True) if value is not None
        }
        inputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in named]
        outputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in proto.output]
        graph = onnx.helper.make_graph([proto], "constant", inputs, outputs)
        model = onnx.helper.make_model(graph, opset_imports=self.imports)
        return [np.asarray(array) for array in ReferenceEvaluator(model).run(None, named)]


def _attributes(proto: Any) -> dict[str, Any]:
    import onnx

    found: dict[str, Any] = {}
    for attribute in proto.attribute:
        if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            raise UncoveredError(f"{proto.op_type}, whose steps are a graph")
        value = onnx.helper.get_attribute_value(attribute)
        if attribute.type == onnx.AttributeProto.TENSOR:
            value = _texts(onnx.numpy_helper.to_array(value))
        elif attribute.type == onnx.AttributeProto.STRING:
            value = value.decode()
        elif attribute.type == onnx.AttributeProto.STRINGS:
            value = [text.decode() for text in value]
        found[attribute.name] = value
    return found


def _texts(array: Array) -> Array:
    """Texts as an object array of str, whatever ONNX made of them."""
    if array.dtype.kind not in "OSU":
        return array
    flat = [text.decode() if isinstance(text, bytes) else str(text) for text in array.reshape(-1)]
    return np.array(flat, dtype=object).reshape(array.shape)


def _check_dtype(dtype: str, where: str) -> None:
    if dtype not in DTYPES:
        raise UncoveredError(f"{dtype} ({where})")


def _domain(entry: Any) -> str:
    return "" if entry.domain == "ai.onnx" else str(entry.domain)
