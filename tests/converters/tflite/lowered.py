"""ONNX graphs made in a test, lowered to TFLite, and answered by both engines."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper

from packager.converters.signature import Signature, TensorSpec
from packager.converters.tensors import Array
from packager.converters.tflite.lowering.graph import lower

TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL}
Named = dict[str, tuple[str, list[Any]]]


def graph(nodes: list[Any], inputs: Named, outputs: Named, constants: dict[str, Array] | None = None) -> Any:
    """Inputs and outputs: dtype and shape by name; the batch is "batch"."""

    def infos(named: Named) -> list[Any]:
        return [
            helper.make_tensor_value_info(name, TYPES[kind], shape) for name, (kind, shape) in named.items()
        ]

    held = [onnx.numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    made = helper.make_graph(nodes, "g", infos(inputs), infos(outputs), held)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8)


def ml(kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    return helper.make_node(kind, inputs, outputs, domain="ai.onnx.ml", **attributes)


def signature(inputs: Named, outputs: Named, class_labels: tuple[Any, ...] = ()) -> Signature:
    def specs(named: Named) -> tuple[TensorSpec, ...]:
        return tuple(TensorSpec(name, kind, tuple(shape)) for name, (kind, shape) in named.items())

    return Signature(specs(inputs), specs(outputs), class_labels)


def both(
    nodes: list[Any], inputs: Named, outputs: Named, rows: dict[str, Array], **constants: Array
) -> list[tuple[Array, Array]]:
    """Each output as ONNX Runtime answers, and as LiteRT does for the lowered graph: all rows, and one."""
    model = graph(nodes, inputs, outputs, constants)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    file = lower(model, signature(inputs, outputs))
    pairs = []
    for given in (rows, {name: array[:1] for name, array in rows.items()}):
        made = Interpreter(model_content=file).get_signature_runner()(**given)
        own = session.run(list(outputs), given)
        pairs += [(wanted, made[name]) for name, wanted in zip(outputs, own, strict=True)]
    return pairs


def assert_alike(pairs: list[tuple[Array, Array]], tolerance: float = 1e-6) -> None:
    for own, made in pairs:
        assert (own.shape, own.dtype) == (made.shape, made.dtype)
        np.testing.assert_allclose(made, own, rtol=tolerance, atol=tolerance)
