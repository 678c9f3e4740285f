"""Sizes that a model computes while it runs become constants, for the sizes of inputs that it begins with.

LiteRT's interpreter follows such sizes; the engine that ships gives each answer its memory before the run,
and some models leave it then. What such a model computes of its inputs' sizes alone is the same at each run
with inputs of these sizes, so its values can stand in the file.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.tensors import Array
from packager.converters.tflite.library import interpreter_module, opened, packed, schema_module
from packager.converters.tflite.reading import Served

_OF_SIZES = frozenset({"SHAPE", "RANK"})
# Equal inputs do not make their answers equal, or they are more than their inputs.
_NEVER = frozenset(
    {
        "CUSTOM", "VAR_HANDLE", "READ_VARIABLE", "CALL_ONCE", "CALL", "IF", "WHILE", "HASHTABLE",
        "RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL", "DEQUANTIZE", "DENSIFY",
    }
)  # fmt: skip


def runs_in_given_memory(data: bytes, found: Served, inputs: Mapping[str, Array]) -> bool:
    """Whether the engine's own interface answers twice: a tensor that left its memory fails then."""
    try:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    except ModuleNotFoundError:
        return True  # TensorFlow has no such interface; the gate runs the engine itself
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
            # Its Python face knows few types, and copies the bytes of any.
            buffer.write(np.ascontiguousarray(array).reshape(-1).view(np.int8))
        model.run_by_index(at, taken, given)
        model.run_by_index(at, taken, given)
    except (RuntimeError, ValueError):
        return False
    return True


def _in_graph_order(found: Served) -> list[str]:
    return sorted(found.inputs, key=lambda name: found.graph.inputs.index(found.input_places[name]))


def folded(data: bytes, found: Served, samples: Sequence[Mapping[str, Array]]) -> bytes | None:
    """The model with constants for what it computes of its inputs' sizes, or None if that cannot be.

    What changes from sample to sample can be left out in one place of a reshape (-1): that is how a batch of
    any size stays one.
    """
    derived = _derived(found)
    constants = _constants(found, derived, [_values(data, found, inputs, derived) for inputs in samples])
    if constants is None:
        return None
    model = opened(data)
    graph = model.subgraphs[found.place]
    for at, value in constants.items():
        graph.tensors[at].buffer = len(model.buffers)
        graph.tensors[at].shape = list(value.shape)
        graph.tensors[at].shapeSignature = None
        model.buffers.append(schema_module().BufferT())
        model.buffers[-1].data = np.frombuffer(value.tobytes(), np.uint8)
    graph.operators = [one for one in graph.operators if not derived.issuperset(one.outputs)]
    return packed(model)


def _constants(found: Served, derived: set[int], values: list[dict[int, Array]]) -> dict[int, Array] | None:
    """One value for each tensor that what is left asks for."""
    constants: dict[int, Array] = {}
    for operator in found.graph.operators:
        if derived.issuperset(operator.outputs):
            continue
        for place, at in enumerate(operator.inputs):
            if at in derived:
                shape_of_reshape = operator.kind == "RESHAPE" and place == 1
                value = _joined([one[at] for one in values], shape_of_reshape)
                if value is None or not np.array_equal(constants.setdefault(at, value), value):
                    return None
    return constants


def _joined(seen: list[Array], shape_of_reshape: bool) -> Array | None:
    first = seen[0]
    if any(one.shape != first.shape for one in seen):
        return None
    differs = np.any([one != first for one in seen], axis=0)
    if not differs.any():
        return first
    if not shape_of_reshape or differs.sum() != 1:
        return None
    return np.where(differs, -1, first).astype(first.dtype)


def _values(data: bytes, found: Served, inputs: Mapping[str, Array], wanted: set[int]) -> dict[int, Array]:
    """What these tensors hold in a run, without the kernels that leave some out."""
    library = interpreter_module()
    with translated(ConversionError, "LiteRT does not run the model step by step"):
        interpreter = library.Interpreter(
            model_content=data,
            num_threads=1,
            experimental_op_resolver_type=library.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        for name, at in found.input_places.items():
            if found.inputs[name].shape != inputs[name].shape:
                interpreter.resize_tensor_input(at, inputs[name].shape)
        interpreter.allocate_tensors()
        for name, at in found.input_places.items():
            interpreter.set_tensor(at, inputs[name])
        interpreter.invoke()
        return {at: interpreter.get_tensor(at) for at in wanted}


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
