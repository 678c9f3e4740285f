"""Sizes that a model computes while it runs become constants, for the sizes of inputs that it begins with.

LiteRT's interpreter follows such sizes; the engine that ships gives each answer its memory before the run,
and some models leave it then. What such a model computes of its inputs' sizes alone is the same at each run
with inputs of these sizes, so its values can stand in the file.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.tensors import Array
from packager.converters.tflite.reading import Served

_OF_SIZES = frozenset({"SHAPE", "RANK"})
# Equal inputs do not make their answers equal, or they are more than their inputs.
_NEVER = frozenset(
    {
        "CUSTOM", "VAR_HANDLE", "READ_VARIABLE", "CALL_ONCE", "CALL", "IF", "WHILE", "HASHTABLE",
        "RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL",
    }
)  # fmt: skip


def runs_in_given_memory(data: bytes, found: Served, inputs: Mapping[str, Array]) -> bool:
    """Whether the engine's own interface answers twice: a tensor that left its memory fails then."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    try:
        model = CompiledModel.from_buffer(data, HardwareAccelerator.CPU)
    except (RuntimeError, ValueError):
        return True  # its Python face cannot open recurrent operators, which the engine can
    try:
        at = 0 if found.key is None else model.get_signature_index(found.key)
        for place, name in enumerate(_in_graph_order(found)):
            if inputs[name].shape != found.inputs[name].shape:
                model.resize_input_tensor(place, inputs[name].shape, at)
        taken, given = model.create_input_buffers(at), model.create_output_buffers(at)
        named = [inputs[name] for name in _in_graph_order(found)]
        for buffer, array in zip(taken, named, strict=True):
            buffer.write(array)
        model.run_by_index(at, taken, given)
        model.run_by_index(at, taken, given)
    except (RuntimeError, ValueError):
        return False
    return True


def _in_graph_order(found: Served) -> Iterator[str]:
    for at in found.graph.inputs:
        yield next(name for name, tensor in found.inputs.items() if tensor is found.graph.tensors[at])


def folded(data: bytes, found: Served, inputs: Mapping[str, Array]) -> bytes:
    """The model with constants for all that it computes of its inputs' sizes."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    hint = "convert it again with a fixed batch: keras.Input(batch_shape=(1, …))"
    with translated(ConversionError, "The sizes that the model computes cannot be fixed", hint):
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(data), 0))
        graph = model.subgraphs[found.place]
        values = _values(data, found, inputs)
        for at in _derived(found):
            value = values.get_tensor(at)
            graph.tensors[at].buffer = len(model.buffers)
            graph.tensors[at].shape = list(value.shape)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.frombuffer(value.tobytes(), np.uint8)
        gone = _derived(found)
        graph.operators = [one for one in graph.operators if not gone.issuperset(one.outputs)]
        for tensor in graph.tensors:
            tensor.shapeSignature = None
        builder = flatbuffers.Builder(len(data))
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _values(data: bytes, found: Served, inputs: Mapping[str, Array]) -> Any:
    """Every tensor of a run, without the kernels that leave some out."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=data,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    for name, at in zip(_in_graph_order(found), found.graph.inputs, strict=True):
        interpreter.set_tensor(at, inputs[name])
    interpreter.invoke()
    return interpreter


def _derived(found: Served) -> set[int]:
    """The tensors that follow from sizes and constants alone."""
    known = {at for at, tensor in enumerate(found.graph.tensors) if tensor.constant}
    derived: set[int] = set()
    for operator in found.graph.operators:
        follows = operator.kind in _OF_SIZES or (
            operator.kind not in _NEVER and all(at < 0 or at in known for at in operator.inputs)
        )
        if follows:
            known.update(operator.outputs)
            derived.update(operator.outputs)
    return derived - set(found.graph.outputs)
