"""Writes TFLite files operator by operator: a free batch, our names, the same bytes each time."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from packager.converters.tensors import Array
from packager.converters.tflite.library import packed, schema_module

Shape = tuple[int | None, ...]
"""Sizes; None is one that follows the batch."""

_TYPES = {"float32": "FLOAT32", "int32": "INT32", "int64": "INT64", "bool": "BOOL"}
_OPTIONS = {
    "ARG_MAX": "ArgMaxOptions",
    "ARG_MIN": "ArgMinOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CUMSUM": "CumsumOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions",
    "MEAN": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "SHAPE": "ShapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "SUM": "ReducerOptions",
}
# Below it, a constant is stored where old readers look for the operator's code.
_LAST_OLD_CODE = 127


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph; ``array`` where its values are known, ``index`` once it stands in the file."""

    dtype: str
    shape: Shape
    index: int = -1
    array: Array | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)


def known(array: Any) -> Value:
    """A constant, in the types that TFLite computes with."""
    made = np.asarray(array)
    if made.dtype in (np.float64, np.float16):
        made = made.astype(np.float32)
    if made.dtype.name not in _TYPES:
        made = made.astype(np.int32 if made.dtype.itemsize < 4 else np.int64)
    return Value(made.dtype.name, made.shape, array=made)


class Writer:
    """One graph in the making."""

    def __init__(self) -> None:
        self._schema = schema = schema_module()
        self._model = schema.ModelT()
        self._graph = schema.SubGraphT()
        self._model.version = 3
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._model.subgraphs = [self._graph]
        self._graph.name = "main"
        self._graph.tensors, self._graph.operators = [], []
        self._codes: dict[str, int] = {}
        self._constants: dict[tuple[str, Shape, bytes], int] = {}
        self._inputs: dict[str, int] = {}

    def input(self, name: str, dtype: str, shape: Shape) -> Value:
        value = self._tensor(name, dtype, shape)
        self._inputs[name] = value.index
        return value

    def op(self, code: str, inputs: list[Value], dtype: str, shape: Shape, **options: Any) -> Value:
        """One operator with one output; constants among its inputs are put into the file here."""
        indices = [self.placed(value).index for value in inputs]
        made = self._tensor(f"t{len(self._graph.tensors)}", dtype, shape)
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._code(code)
        operator.inputs = np.array(indices, np.int32)
        operator.outputs = np.array([made.index], np.int32)
        if code in _OPTIONS:
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, _OPTIONS[code])
            operator.builtinOptions = getattr(self._schema, _OPTIONS[code] + "T")()
            for name, option in options.items():
                setattr(operator.builtinOptions, name, option)
        self._graph.operators.append(operator)
        return made

    def placed(self, value: Value) -> Value:
        """The value as a tensor of the file; equal constants share one."""
        if value.index >= 0 or value.array is None:
            return value
        data = np.ascontiguousarray(value.array).tobytes()
        key = (value.dtype, value.shape, data)
        if key not in self._constants:
            tensor = self._tensor(f"c{len(self._constants)}", value.dtype, value.shape)
            buffer = self._schema.BufferT()
            buffer.data = np.frombuffer(data, np.uint8)
            self._model.buffers.append(buffer)
            self._graph.tensors[tensor.index].buffer = len(self._model.buffers) - 1
            self._constants[key] = tensor.index
        return replace(value, index=self._constants[key])

    def finish(self, outputs: dict[str, Value]) -> bytes:
        """The file; each output is a tensor of its own."""
        indices: dict[str, int] = {}
        for name, value in outputs.items():
            own = value.index >= 0 and value.array is None
            taken = value.index in indices.values() or value.index in self._inputs.values()
            made = value if own and not taken else self.op("CAST", [value], value.dtype, value.shape)
            self._graph.tensors[made.index].name = name
            indices[name] = made.index
        self._graph.inputs = np.array(list(self._inputs.values()), np.int32)
        self._graph.outputs = np.array(list(indices.values()), np.int32)
        signature = self._schema.SignatureDefT()
        signature.signatureKey = "serving_default"
        signature.inputs, signature.outputs = self._maps(self._inputs), self._maps(indices)
        self._model.signatureDefs = [signature]
        return packed(self._model)

    def dtype_code(self, dtype: str) -> int:
        code: int = getattr(self._schema.TensorType, _TYPES[dtype])
        return code

    def _tensor(self, name: str, dtype: str, shape: Shape) -> Value:
        tensor = self._schema.TensorT()
        tensor.name = name
        tensor.type = self.dtype_code(dtype)
        tensor.shape = np.array([1 if size is None else size for size in shape], np.int32)
        if None in shape:
            tensor.shapeSignature = np.array([-1 if size is None else size for size in shape], np.int32)
        self._graph.tensors.append(tensor)
        return Value(dtype, shape, len(self._graph.tensors) - 1)

    def _code(self, name: str) -> int:
        if name not in self._codes:
            code = self._schema.OperatorCodeT()
            code.builtinCode = getattr(self._schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, _LAST_OLD_CODE)
            code.version = 1
            self._codes[name] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        return self._codes[name]

    def _maps(self, indices: dict[str, int]) -> list[Any]:
        made = []
        for name, index in indices.items():
            entry = self._schema.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            made.append(entry)
        return made
