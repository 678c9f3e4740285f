"""Tiny TFLite models, written operator by operator with the format's own schema; each with its signature."""

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.artifacts import Document
from tests.runtimes.core.models import Model, Spec, columns, signature

TYPES = {
    dtype: getattr(schema.TensorType, dtype.upper())
    for dtype in (
        "float16", "float32", "float64", "int8", "int16", "int32", "int64",
        "uint8", "uint16", "uint32", "uint64", "bool", "string",
    )
}  # fmt: skip


@dataclass
class Graph:
    """One graph under construction: its tensors by name, its constants and its operators."""

    names: list[str] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    buffers: list[bytes] = field(default_factory=lambda: [b""])
    operators: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)

    def tensor(self, name: str, dtype: str, shape: list[int | str], variable: bool = False) -> None:
        made = schema.TensorT()
        made.name, made.type, made.isVariable = name, TYPES[dtype], variable
        made.shape = [dim if isinstance(dim, int) else 1 for dim in shape]
        if made.shape != shape:
            made.shapeSignature = [dim if isinstance(dim, int) else -1 for dim in shape]
        self.names.append(name)
        self.tensors.append(made)

    def constant(self, name: str, value: np.ndarray) -> None:
        self.tensor(name, value.dtype.name, list(value.shape))
        self.tensors[-1].buffer = len(self.buffers)
        self.buffers.append(value.tobytes())

    def operator(self, code: str, inputs: list[str], outputs: list[str], **options: Any) -> None:
        """``options`` has at most one entry: the name of the options' table with its fields."""
        made, kind = schema.OperatorT(), schema.OperatorCodeT()
        kind.builtinCode = getattr(schema.BuiltinOperator, code)
        kind.deprecatedBuiltinCode = min(kind.builtinCode, 127)
        kind.version = 1
        kind.customCode = options.pop("custom", None)
        made.opcodeIndex = len(self.codes)
        made.inputs = [self.names.index(name) if name else -1 for name in inputs]
        made.outputs = [self.names.index(name) for name in outputs]
        for table, fields in options.items():
            made.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            made.builtinOptions = getattr(schema, f"{table}T")()
            vars(made.builtinOptions).update(fields)
        self.codes.append(kind)
        self.operators.append(made)

    def written(
        self, inputs: list[str], outputs: list[str], named: dict[str, str] | None = None, key: str = ""
    ) -> bytes:
        """The file's bytes. ``named``: what the signature calls a tensor; without it there is none."""
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs = [self.names.index(name) for name in inputs]
        graph.outputs = [self.names.index(name) for name in outputs]
        model.version, model.operatorCodes, model.subgraphs = 3, self.codes, [graph]
        model.buffers = [_buffer(data) for data in self.buffers]
        if named is not None:
            made = schema.SignatureDefT()
            made.signatureKey = key or "serving_default"
            made.inputs = [self._map(name, tensor) for name, tensor in named.items() if tensor in inputs]
            made.outputs = [self._map(name, tensor) for name, tensor in named.items() if tensor in outputs]
            model.signatureDefs = [made]
        return _packed(model)

    def _map(self, name: str, tensor: str) -> Any:
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name, self.names.index(tensor)
        return made


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(data: bytes) -> Any:
    made = schema.BufferT()
    made.data = np.frombuffer(data, np.uint8) if data else None
    return made


def made(
    graph: Graph, inputs: list[Spec], outputs: list[Spec], roles: tuple[str, ...] = (), **entries: object
) -> Model:
    data = graph.written([name for name, *_ in inputs], [name for name, *_ in outputs])
    return data, signature(inputs, outputs, roles, **entries)


def same(dtype: str, batch: int | str = "batch") -> Model:
    """Gives back what it is given, as ``[batch, 3]``."""
    graph = Graph()
    graph.tensor("x", dtype, [batch, 3])
    graph.constant("shape", np.array([-1, 3], np.int32))
    graph.tensor("y", dtype, [batch, 3])
    graph.operator("RESHAPE", ["x", "shape"], ["y"], ReshapeOptions={"newShape": [-1, 3]})
    return made(graph, [("x", dtype, [batch, 3])], [("y", dtype, [batch, 3])])


def linear(batch: int | str = "batch") -> Model:
    """A regressor of two named features: 2 a + 3 b + 1, as ``[batch, 1]``."""
    graph = Graph()
    graph.tensor("X", "float32", [batch, 2])
    graph.constant("w", np.array([[2, 3]], np.float32))
    graph.constant("b", np.array([1], np.float32))
    graph.tensor("y", "float32", [batch, 1])
    graph.operator("FULLY_CONNECTED", ["X", "w", "b"], ["y"], FullyConnectedOptions={})
    inputs: list[Spec] = [("X", "float32", [batch, 2])]
    entries: Document = {"features": columns(["a", "b"])}
    return made(graph, inputs, [("y", "float32", [batch, 1])], ("prediction",), **entries)


def image(batch: int | str = "batch") -> Model:
    """A small convolution over ``[batch, 4, 4, 2]`` images, averaged to ``[batch, 3]``."""
    weights = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    graph = Graph()
    graph.tensor("pixels", "float32", [batch, 4, 4, 2])
    graph.constant("w", weights)
    graph.constant("b", np.zeros(3, np.float32))
    graph.constant("axes", np.array([1, 2], np.int32))
    graph.tensor("c", "float32", [batch, 2, 2, 3])
    graph.tensor("scores", "float32", [batch, 3])
    options = {"padding": schema.Padding.VALID, "strideW": 1, "strideH": 1}
    graph.operator("CONV_2D", ["pixels", "w", "b"], ["c"], Conv2DOptions=options)
    graph.operator("MEAN", ["c", "axes"], ["scores"], ReducerOptions={"keepDims": False})
    inputs: list[Spec] = [("pixels", "float32", [batch, 4, 4, 2])]
    return made(graph, inputs, [("scores", "float32", [batch, 3])], ("prediction",))


def embedding() -> Model:
    """Looks up token ids in a table of 5: an id beyond it is refused by the engine, not by a check."""
    graph = Graph()
    graph.tensor("tokens", "int32", ["batch", "length"])
    graph.constant("table", np.arange(10, dtype=np.float32).reshape(5, 2))
    graph.tensor("vectors", "float32", ["batch", "length", 2])
    graph.operator("GATHER", ["table", "tokens"], ["vectors"], GatherOptions={"axis": 0})
    inputs: list[Spec] = [("tokens", "int32", ["batch", "length"])]
    return made(graph, inputs, [("vectors", "float32", ["batch", "length", 2])])


def switch() -> Model:
    """``where(flag, a, b)`` and ``a - b``, named by a signature in another order than the graph's."""
    graph = Graph()
    for name, dtype in (("t0", "bool"), ("t1", "float32"), ("t2", "float32")):
        graph.tensor(name, dtype, ["batch", 2])
    graph.tensor("t3", "float32", ["batch", 2])
    graph.tensor("t4", "float32", ["batch", 2])
    graph.operator("SELECT_V2", ["t0", "t1", "t2"], ["t3"], SelectV2Options={})
    graph.operator("SUB", ["t1", "t2"], ["t4"], SubOptions={})
    named = {"b": "t2", "a": "t1", "flag": "t0", "difference": "t4", "chosen": "t3"}
    data = graph.written(["t1", "t0", "t2"], ["t4", "t3"], named)
    inputs: list[Spec] = [
        ("flag", "bool", ["batch", 2]),
        ("b", "float32", ["batch", 2]),
        ("a", "float32", ["batch", 2]),
    ]
    outputs: list[Spec] = [("chosen", "float32", ["batch", 2]), ("difference", "float32", ["batch", 2])]
    return data, signature(inputs, outputs)


def recurrent() -> Model:
    """A recurrent operator: its state, kept from run to run, would be added to the next answer."""
    graph = Graph()
    graph.tensor("x", "float32", [1, 2, 2])
    graph.constant("w", np.eye(2, dtype=np.float32))
    graph.constant("r", np.eye(2, dtype=np.float32))
    graph.constant("b", np.zeros(2, np.float32))
    graph.tensor("h", "float32", [1, 2], variable=True)
    graph.tensor("y", "float32", [1, 2, 2])
    names = ["x", "w", "r", "b", "h"]
    graph.operator("UNIDIRECTIONAL_SEQUENCE_RNN", names, ["y"], SequenceRNNOptions={"timeMajor": False})
    return made(graph, [("x", "float32", [1, 2, 2])], [("y", "float32", [1, 2, 2])])


def exponents() -> Model:
    """exp(x) + log(x) + x ** 1.7, for four numbers in each row."""
    graph = Graph()
    for name in ("x", "e", "l", "p", "s", "y"):
        graph.tensor(name, "float32", ["batch", 4])
    graph.constant("power", np.array(1.7, np.float32))
    graph.operator("EXP", ["x"], ["e"], ExpOptions={})
    graph.operator("LOG", ["x"], ["l"])
    graph.operator("POW", ["x", "power"], ["p"], PowOptions={})
    graph.operator("ADD", ["e", "l"], ["s"], AddOptions={})
    graph.operator("ADD", ["s", "p"], ["y"], AddOptions={})
    return made(graph, [("x", "float32", ["batch", 4])], [("y", "float32", ["batch", 4])])


def computed_sizes() -> Model:
    """The shape of its answer is computed while it runs: the interpreter alone follows that."""
    graph = Graph()
    graph.tensor("x", "float32", ["batch", 4])
    graph.tensor("e", "float32", ["batch", 4])
    graph.tensor("size", "int32", [2])
    graph.tensor("shape", "int32", [2])
    graph.tensor("y", "float32", ["batch", 4])
    graph.operator("EXP", ["x"], ["e"], ExpOptions={})
    graph.operator("SHAPE", ["x"], ["size"], ShapeOptions={"outType": TYPES["int32"]})
    graph.operator("ABS", ["size"], ["shape"], AbsOptions={})
    graph.operator("RESHAPE", ["e", "shape"], ["y"], ReshapeOptions={})
    return made(graph, [("x", "float32", ["batch", 4])], [("y", "float32", ["batch", 4])])


def flattened(rows: int | str = 3) -> Model:
    """As Keras does it: the rows of all the batch go through a layer together, then are put back.

    Both shapes are put together of the input's own, while the model runs.
    """
    graph = Graph()
    graph.tensor("x", "float32", ["batch", rows, 4])
    for name, value in (("zero", 0), ("one", 1), ("two", 2)):
        graph.constant(name, np.array([value], np.int32))
    graph.constant("three", np.array(3, np.int32))
    graph.constant("four", np.array(4, np.int32))
    graph.constant("w", np.arange(12, dtype=np.float32).reshape(3, 4) / 7)
    graph.constant("b", np.ones(3, np.float32))
    graph.tensor("size", "int32", [3])
    for name in ("batch", "length", "product"):
        graph.tensor(name, "int32", [])
    graph.tensor("flat_shape", "int32", [2])
    graph.tensor("shape", "int32", [3])
    graph.tensor("flat", "float32", ["count", 4])
    graph.tensor("scores", "float32", ["count", 3])
    graph.tensor("y", "float32", ["batch", rows, 3])
    graph.operator("SHAPE", ["x"], ["size"], ShapeOptions={"outType": TYPES["int32"]})
    for name, begin, end in (("batch", "zero", "one"), ("length", "one", "two")):
        options = {"shrinkAxisMask": 1}
        graph.operator("STRIDED_SLICE", ["size", begin, end, "one"], [name], StridedSliceOptions=options)
    graph.operator("MUL", ["batch", "length"], ["product"], MulOptions={})
    graph.operator("PACK", ["product", "four"], ["flat_shape"], PackOptions={"valuesCount": 2, "axis": 0})
    shape = ["batch", "length", "three"]
    graph.operator("PACK", shape, ["shape"], PackOptions={"valuesCount": 3, "axis": 0})
    graph.operator("RESHAPE", ["x", "flat_shape"], ["flat"], ReshapeOptions={})
    graph.operator("FULLY_CONNECTED", ["flat", "w", "b"], ["scores"], FullyConnectedOptions={})
    graph.operator("RESHAPE", ["scores", "shape"], ["y"], ReshapeOptions={})
    return made(graph, [("x", "float32", ["batch", rows, 4])], [("y", "float32", ["batch", rows, 3])])


def places() -> Model:
    """Where its input is true: how large the answer is depends on the values."""
    graph = Graph()
    graph.tensor("x", "bool", [4])
    graph.tensor("y", "int64", ["count", 1])
    graph.operator("WHERE", ["x"], ["y"], WhereOptions={})
    return made(graph, [("x", "bool", [4])], [("y", "int64", ["count", 1])])


def quantized() -> Model:
    """Codes of numbers in, codes of half of their size out: only a scale and a zero point change."""
    graph = Graph()
    for name, scale, zero_point in (("x", 0.5, 3), ("y", 0.25, -10)):
        graph.tensor(name, "int8", ["batch", 4])
        graph.tensors[-1].quantization = schema.QuantizationParametersT()
        graph.tensors[-1].quantization.scale = [scale]
        graph.tensors[-1].quantization.zeroPoint = [zero_point]
    graph.operator("QUANTIZE", ["x"], ["y"], QuantizeOptions={})
    return made(graph, [("x", "int8", ["batch", 4])], [("y", "int8", ["batch", 4])])


def two_signatures() -> bytes:
    """Two graphs; the one that is served by default stands second."""
    first, second = Graph(), Graph()
    for graph, code in ((first, "NEG"), (second, "EXP")):
        graph.tensor("x", "float32", ["batch", 2])
        graph.tensor("y", "float32", ["batch", 2])
        options: Document = {"NegOptions": {}} if code == "NEG" else {"ExpOptions": {}}
        graph.operator(code, ["x"], ["y"], **options)
    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(first.written(["x"], ["y"], {"pixels": "x", "out": "y"}, "train"), 0)
    )
    other = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(second.written(["x"], ["y"], {"pixels": "x", "out": "y"}), 0)
    )
    other.subgraphs[0].operators[0].opcodeIndex = 1
    other.signatureDefs[0].subgraphIndex = 1
    model.operatorCodes += other.operatorCodes
    model.subgraphs += other.subgraphs
    model.signatureDefs += other.signatureDefs
    return _packed(model)


def counter() -> Model:
    """Adds each request to a variable: what it answers depends on all that were asked before."""
    graph = Graph()
    graph.tensor("x", "float32", [1, 2])
    graph.tensor("sum", "float32", [1, 2])
    graph.tensor("y", "float32", [1, 2])
    graph.tensors.append(_resource())
    graph.names.append("variable")
    options = {"container": "", "sharedName": "sum"}
    graph.operator("VAR_HANDLE", [], ["variable"], VarHandleOptions=options)
    graph.operator("READ_VARIABLE", ["variable"], ["sum"], ReadVariableOptions={})
    graph.operator("ADD", ["x", "sum"], ["y"], AddOptions={})
    graph.operator("ASSIGN_VARIABLE", ["variable", "y"], [], AssignVariableOptions={})
    return made(graph, [("x", "float32", [1, 2])], [("y", "float32", [1, 2])])


def _resource() -> Any:
    found = schema.TensorT()
    found.name, found.type, found.shape = "variable", schema.TensorType.RESOURCE, []
    return found


def custom() -> Model:
    """An operator that nobody else has."""
    graph = Graph()
    graph.tensor("x", "float32", [1, 3])
    graph.tensor("y", "float32", [1, 3])
    graph.operator("CUSTOM", ["x"], ["y"], custom="OurOwnOperator")
    return made(graph, [("x", "float32", [1, 3])], [("y", "float32", [1, 3])])
