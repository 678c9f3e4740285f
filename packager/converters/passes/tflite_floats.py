"""A TFLite model as quantizers want it: float weights as constants, a name for each tensor, a signature.

Published files hold weights as float16 behind an operator that widens them, or sparse behind one that fills
them up; names may be missing or stand twice; many have no signature.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.tensors import Array
from packager.converters.tflite.library import interpreter_module, schema_module
from packager.converters.tflite.reading import Served, served
from packager.converters.tflite.structure import Stored, structure_of

_WIDENING = frozenset({"DEQUANTIZE", "DENSIFY"})
_CODES = frozenset({"int2", "int4", "int8", "uint4", "uint8", "int16"})
_KEY = "serving_default"


@dataclass(frozen=True, slots=True)
class Floats:
    """The bytes that quantizers get, and the graph in them that is served."""

    data: bytes
    served: Served
    were_float16: bool

    @property
    def key(self) -> str:
        assert self.served.key is not None  # noqa: S101 - one was given where there was none
        return self.served.key


def read_floats(path: Path) -> Floats:
    """Refuses a model that is quantized already."""
    data = path.read_bytes()
    stored = structure_of(data, path.name)
    _refuse_quantized(stored)
    model = opened(data)
    _name_all(model)
    _sign(model, served(stored))
    were_float16 = any(_widened(model, graph) for graph in model.subgraphs)
    made = packed(model)
    return Floats(made, served(structure_of(made, path.name)), were_float16)


def _refuse_quantized(stored: Stored) -> None:
    codes = [
        tensor
        for graph in stored.graphs
        for tensor in graph.tensors
        if tensor.dtype in _CODES and (tensor.constant or tensor.scale)
    ]
    if codes:
        raise ConversionError(
            f"The model is quantized already: {len(codes)} of its tensors hold {codes[0].dtype}",
            hint="begin with the model in floats",
        )


def opened(data: bytes) -> Any:
    """With the weights that lie behind the flatbuffer, and each operator's number where it is now."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(data))
    for code in model.operatorCodes:
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    return model


def packed(model: Any) -> bytes:
    from ai_edge_litert.tools import flatbuffer_utils

    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _name_all(model: Any) -> None:
    """The quantizer knows tensors by their names, over all graphs of a file."""
    taken: set[bytes] = set()
    for number, graph in enumerate(model.subgraphs):
        for at, tensor in enumerate(graph.tensors):
            name = tensor.name or f"t{at}".encode()
            while name in taken:
                name += f"_{number}_{at}".encode()
            taken.add(name)
            tensor.name = name


def _sign(model: Any, found: Served) -> None:
    """Without a signature a model goes by its tensors' names, which quantizers change."""
    if model.signatureDefs:
        return
    made = schema_module().SignatureDefT()
    made.signatureKey, made.subgraphIndex = _KEY.encode(), found.place
    made.inputs = [_named(name, at) for name, at in found.input_places.items()]
    made.outputs = [_named(name, at) for name, at in found.output_places.items()]
    model.signatureDefs = [made]


def _named(name: str, at: int) -> Any:
    made = schema_module().TensorMapT()
    made.name, made.tensorIndex = name.encode(), at
    return made


def _widened(model: Any, graph: Any) -> bool:
    """Constants for what follows from constants by widening alone; whether there were any."""
    codes = [_kind(model, operator) for operator in graph.operators]
    known = {at for at, tensor in enumerate(graph.tensors) if model.buffers[tensor.buffer].data is not None}
    widening = []
    for operator, code in zip(graph.operators, codes):
        if code in _WIDENING and known.issuperset(operator.inputs):
            widening.append(operator)
            known.update(operator.outputs)
    if not widening:
        return False
    for at, value in _values(model, graph, widening).items():
        model.buffers.append(schema_module().BufferT())
        model.buffers[-1].data = np.frombuffer(value.tobytes(), np.uint8)
        graph.tensors[at].buffer = len(model.buffers) - 1
    graph.operators = [one for one in graph.operators if not any(one is gone for gone in widening)]
    _forget_unread(model)
    return True


def _kind(model: Any, operator: Any) -> str:
    number = model.operatorCodes[operator.opcodeIndex].builtinCode
    return next(name for name, value in vars(schema_module().BuiltinOperator).items() if value == number)


def _values(model: Any, graph: Any, widening: list[Any]) -> dict[int, Array]:
    """What these operators answer, from a model of them alone."""
    schema = schema_module()
    alone, whole = schema.SubGraphT(), schema.ModelT()
    wanted = [at for one in widening for at in one.outputs]
    alone.tensors, alone.operators, alone.inputs, alone.outputs = graph.tensors, widening, [], wanted
    whole.version, whole.operatorCodes, whole.buffers = model.version, model.operatorCodes, model.buffers
    whole.subgraphs = [alone]
    library = interpreter_module()
    plain = library.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = library.Interpreter(
        model_content=packed(whole),
        num_threads=1,
        experimental_op_resolver_type=plain,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    interpreter.invoke()
    floats = schema.TensorType.FLOAT32
    return {at: interpreter.get_tensor(at) for at in wanted if graph.tensors[at].type == floats}


def _forget_unread(model: Any) -> None:
    """Weights of tensors that no operator and no answer reads are left out of the file."""
    read = {0, *(entry.buffer for entry in model.metadata or ())}
    for graph in model.subgraphs:
        used = {at for one in graph.operators for at in (*one.inputs, *one.outputs)}
        read |= {graph.tensors[at].buffer for at in (*used, *graph.outputs, *graph.inputs) if at >= 0}
    for at, buffer in enumerate(model.buffers):
        if at not in read:
            buffer.data = None
    for graph in model.subgraphs:
        used = {at for one in graph.operators for at in (*one.inputs, *one.outputs)}
        for at, tensor in enumerate(graph.tensors):
            if at not in used and at not in (*graph.outputs, *graph.inputs):
                tensor.buffer, tensor.sparsity = 0, None
