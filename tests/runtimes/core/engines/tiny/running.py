"""Runs ONNX models on the engine ``tiny``, and on ONNX Runtime with one thread, as it ships."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnxruntime import InferenceSession, SessionOptions

from packager.converters.signature import Signature, TensorSpec
from packager.converters.tiny.graph import lower
from runtimes.core.engines.tiny import Tiny
from runtimes.core.tensors import DTYPES, Tensor

Arrays = dict[str, Any]


def signature_of(model: Any) -> Signature:
    """The inputs and outputs that a graph states, with unnamed free sizes named."""
    return Signature(
        inputs=tuple(_spec(entry) for entry in model.graph.input),
        outputs=tuple(_spec(entry) for entry in model.graph.output),
    )


def _spec(entry: Any) -> TensorSpec:
    tensor = entry.type.tensor_type
    shape = tuple(
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or f"d{at}"
        for at, dim in enumerate(tensor.shape.dim)
    )
    is_text = tensor.elem_type == TensorProto.STRING
    return TensorSpec(
        entry.name, "string" if is_text else helper.tensor_dtype_to_np_dtype(tensor.elem_type).name, shape
    )


def open_tiny(model: Any) -> Tiny:
    """The model, written for the engine and opened by it."""
    written = lower(model, signature_of(model))
    names = [[entry.name for entry in side] for side in (model.graph.input, model.graph.output)]
    return Tiny(written.data, *names)


def by_tiny(model: Any, inputs: Arrays) -> list[Any]:
    """The engine's answers, as arrays."""
    engine = open_tiny(model)
    given = [tensor_of(inputs[entry.name]) for entry in model.graph.input]
    return [array_of(tensor) for tensor in engine.run(given)]


def by_onnxruntime(model: Any, inputs: Arrays) -> list[Any]:
    """ONNX Runtime's answers."""
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [np.asarray(found) for found in session.run(None, inputs)]


def tensor_of(array: Any) -> Tensor:
    """An array as the runtime holds it."""
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        return Tensor("string", array.shape, [_text(item) for item in array.reshape(-1)])
    return Tensor(array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes())


def array_of(tensor: Tensor) -> Any:
    """A tensor of the runtime as an array."""
    if isinstance(tensor.data, list):
        return np.array(tensor.data, dtype=object).reshape(tensor.shape)
    assert tensor.dtype in DTYPES
    return np.frombuffer(tensor.to_bytes(), dtype=tensor.dtype).reshape(tensor.shape)


def _text(item: Any) -> str:
    return item.decode() if isinstance(item, bytes) else str(item)


def model_of(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any] | None = None, **opsets: int
) -> Any:
    """A model of these nodes. ``opsets``: of the domains `onnx`, `ml` and `microsoft`."""
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants or [])
    wanted = {"onnx": 18, "ml": 3, "microsoft": 1, **opsets}
    domains = {"onnx": "", "ml": "ai.onnx.ml", "microsoft": "com.microsoft"}
    imports = [helper.make_opsetid(domains[name], version) for name, version in wanted.items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)
