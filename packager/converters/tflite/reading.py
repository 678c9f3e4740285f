"""A TFLite file's signature: which of its graphs is served, under which names, with which sizes free."""

from dataclasses import dataclass

from packager.converters.failure import SourceError
from packager.converters.signature import BATCH, Dim, Signature, TensorSpec
from packager.converters.tflite.checks import check_tensors
from packager.converters.tflite.structure import Stored, StoredGraph, StoredSignature, StoredTensor

# The engine that ships chooses in the same way.
_DEFAULT_KEY = "serving_default"


@dataclass(frozen=True, slots=True)
class Served:
    """The graph that is served: its tensors by the names that users see; without a signature no ``key``."""

    key: str | None
    place: int
    graph: StoredGraph
    inputs: dict[str, StoredTensor]
    outputs: dict[str, StoredTensor]
    notes: tuple[str, ...]


def served(stored: Stored) -> Served:
    """What TensorFlow serves by default, else the first; without any, the first graph by its own names."""
    if not stored.signatures:
        return _unnamed(stored.graphs[0])
    chosen = next((one for one in stored.signatures if one.key == _DEFAULT_KEY), stored.signatures[0])
    graph = stored.graphs[chosen.graph]
    others = [one.key for one in stored.signatures if one is not chosen]
    notes = (f"of the file's signatures {chosen.key} is served, not {', '.join(others)}",) if others else ()
    return _checked(chosen, graph, notes)


def _unnamed(graph: StoredGraph) -> Served:
    inputs = {graph.tensors[at].name: at for at in graph.inputs}
    outputs = {graph.tensors[at].name: at for at in graph.outputs}
    if len(inputs) != len(graph.inputs) or len(outputs) != len(graph.outputs):
        raise SourceError("The model has no signature, and two of its inputs or outputs share a name")
    found = _checked(StoredSignature("", 0, inputs, outputs), graph, ())
    return Served(None, 0, graph, found.inputs, found.outputs, found.notes)


def _checked(signature: StoredSignature, graph: StoredGraph, notes: tuple[str, ...]) -> Served:
    if set(signature.inputs.values()) != set(graph.inputs):
        raise SourceError(f"The signature {signature.key} leaves inputs of its graph without a name")
    if len(set(signature.outputs.values())) != len(signature.outputs):
        raise SourceError(f"The signature {signature.key} gives one tensor two names")
    inputs = {name: graph.tensors[at] for name, at in signature.inputs.items()}
    outputs = {name: graph.tensors[at] for name, at in signature.outputs.items()}
    check_tensors(inputs, "input")
    check_tensors(outputs, "output")
    return Served(signature.key, signature.graph, graph, inputs, outputs, (*notes, *_codes(inputs, outputs)))


def _codes(inputs: dict[str, StoredTensor], outputs: dict[str, StoredTensor]) -> list[str]:
    """Whole numbers that stand for fractions: they are taken and given as they are."""
    return [
        f"{name} is {tensor.dtype}: each number n stands for {tensor.scale:.6g} × (n - {tensor.zero_point})"
        for name, tensor in (*inputs.items(), *outputs.items())
        if tensor.scale and not tensor.dtype.startswith("float")
    ]


def input_specs(found: Served, *, free: bool) -> tuple[TensorSpec, ...]:
    """The inputs, with the sizes that the file leaves free, or with those that it begins with."""
    return tuple(
        TensorSpec(name, tensor.dtype, _dims(name, tensor.free if free else tensor.shape))
        for name, tensor in found.inputs.items()
    )


def _dims(name: str, sizes: tuple[int, ...]) -> tuple[Dim, ...]:
    return tuple(size if size >= 0 else BATCH if at == 0 else f"{name}_{at}" for at, size in enumerate(sizes))


def with_outputs(
    inputs: tuple[TensorSpec, ...],
    found: Served,
    shapes: list[dict[str, tuple[int, ...]]],
    batches: list[int],
) -> Signature:
    """The whole signature: what follows the batch in the outputs, and what else changes, was seen."""
    role = "prediction" if len(found.outputs) == 1 else "tensor"
    outputs = []
    for name, tensor in found.outputs.items():
        seen = [one[name] for one in shapes]
        dims: list[Dim] = []
        for at, sizes in enumerate(zip(*seen, strict=True)):
            follows = at == 0 and list(sizes) == batches and len(set(batches)) > 1
            dims.append(BATCH if follows else sizes[0] if len(set(sizes)) == 1 else f"{name}_{at}")
        outputs.append(TensorSpec(name, tensor.dtype, tuple(dims), role))  # type: ignore[arg-type]
    return Signature(inputs, tuple(outputs))
