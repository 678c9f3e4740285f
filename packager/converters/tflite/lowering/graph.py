"""Lowers a whole ONNX graph, node by node; what is known before it runs is computed here."""

from typing import Any

import numpy as np

from packager.converters.signature import Signature
from packager.converters.tflite.lowering import encoders, linear, shapes, standard, trees
from packager.converters.tflite.lowering.kit import Kit, Node, UncoveredError
from packager.converters.tflite.writer import Shape, Value, Writer, known

_ML = "ai.onnx.ml"
_PLAIN = standard.LOWERINGS | shapes.LOWERINGS
_TABLES = linear.LOWERINGS | encoders.LOWERINGS | trees.LOWERINGS
_SINGLE = {"float64": "float32", "float16": "float32"}
_TEXTS = ("classlabels_strings", "values_strings")


def lower(model: Any, signature: Signature) -> bytes:
    """The TFLite file with the same inputs and outputs; UncoveredError names what has no lowering."""
    graph = _Graph(model, signature)
    for node in model.graph.node:
        graph.add(node)
    return graph.writer.finish({spec.name: graph.values[spec.name] for spec in signature.outputs})


def single(dtype: str) -> str:
    """TFLite computes with single precision where ONNX has doubles."""
    return _SINGLE.get(dtype, dtype)


class _Graph:
    def __init__(self, model: Any, signature: Signature) -> None:
        import onnx

        self.writer = Writer()
        self.kit = Kit(self.writer)
        self.opsets = model.opset_import
        self.labels = {str(label): at for at, label in enumerate(signature.class_labels)}
        self.values: dict[str, Value] = {
            tensor.name: self._constant(onnx.numpy_helper.to_array(tensor))
            for tensor in model.graph.initializer
        }
        for spec in signature.inputs:
            shape: Shape = tuple(None if size == "batch" else _fixed(spec.name, size) for size in spec.shape)
            self.values[spec.name] = self.writer.input(spec.name, single(spec.dtype), shape)

    def add(self, proto: Any) -> None:
        names = [name for name in proto.output if name]
        given = [self.values[name] if name else None for name in proto.input]
        if proto.domain != _ML and all(value is None or value.array is not None for value in given):
            made = [self._constant(array) for array in self._computed(proto, given)]
        else:
            node = Node(proto.op_type, proto.name, tuple(given), self._attributes(proto))
            table = _TABLES if proto.domain == _ML else _PLAIN
            if proto.op_type not in table:
                raise UncoveredError(proto.op_type)
            made = table[proto.op_type](self.kit, node)
        for name, value in zip(proto.output, made, strict=False):
            if name:
                self.values[name] = value
        lost = [name for name in names if name not in self.values]
        if lost:
            raise UncoveredError(f"{proto.op_type} with {len(names)} outputs")

    def _computed(self, proto: Any, given: list[Value | None]) -> list[Any]:
        import onnx
        from onnx.reference import ReferenceEvaluator

        named = [(name, value) for name, value in zip(proto.input, given, strict=True) if value is not None]
        inputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in dict(named)]
        outputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in proto.output]
        graph = onnx.helper.make_graph([proto], "constant", inputs, outputs)
        model = onnx.helper.make_model(graph, opset_imports=self.opsets)
        return list(ReferenceEvaluator(model).run(None, {name: value.array for name, value in named}))

    def _attributes(self, proto: Any) -> dict[str, Any]:
        import onnx

        found: dict[str, Any] = {}
        for attribute in proto.attribute:
            value = onnx.helper.get_attribute_value(attribute)
            if attribute.type == onnx.AttributeProto.TENSOR:
                value = onnx.numpy_helper.to_array(value)
            if attribute.name in _TEXTS:
                value = [self._place(text.decode()) for text in value]
            found[attribute.name] = value
        return found

    def _constant(self, array: Any) -> Value:
        if array.dtype.kind not in "OSU":
            return known(array)
        texts = [text.decode() if isinstance(text, bytes) else str(text) for text in array.reshape(-1)]
        return known(np.array([self._place(text) for text in texts], np.int64).reshape(array.shape))

    def _place(self, text: str) -> int:
        if text not in self.labels:
            raise UncoveredError(f"the text {text!r}, which is no class label,")
        return self.labels[text]


def _fixed(name: str, size: Any) -> int:
    if not isinstance(size, int):
        raise UncoveredError(f"the free size {size} of {name}")
    return size
