"""A TFLite file's signature: which of its graphs is served, under which names, with which sizes free."""

from dataclasses import dataclass, replace
from typing import Literal

from packager.converters.failure import ConversionError, SourceError
from packager.converters.signature import BATCH, Dim, Role, Signature, TensorSpec
from packager.converters.tflite.checks import check_tensors
from packager.converters.tflite.structure import Stored, StoredGraph, StoredSignature, StoredTensor

Free = Literal["all", "rest", "none"]
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
    input_places: dict[str, int]
    output_places: dict[str, int]
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
    return replace(found, key=None)


def _checked(signature: StoredSignature, graph: StoredGraph, notes: tuple[str, ...]) -> Served:
    if set(signature.inputs.values()) != set(graph.inputs):
        raise SourceError(f"The signature {signature.key} leaves inputs of its graph without a name")
    if set(signature.outputs.values()) != set(graph.outputs):
        raise SourceError(f"The signature {signature.key} leaves outputs of its graph without a name")
    if len(set(signature.outputs.values())) != len(signature.outputs):
        raise SourceError(f"The signature {signature.key} gives one tensor two names")
    inputs = {name: graph.tensors[at] for name, at in signature.inputs.items()}
    outputs = {name: graph.tensors[at] for name, at in signature.outputs.items()}
    check_tensors(inputs, "input")
    check_tensors(outputs, "output")
    said = (*notes, *_codes(inputs, outputs))
    return Served(
        signature.key, signature.graph, graph, inputs, outputs, signature.inputs, signature.outputs, said
    )


def _codes(inputs: dict[str, StoredTensor], outputs: dict[str, StoredTensor]) -> list[str]:
    """Whole numbers that stand for fractions: they are taken and given as they are."""
    return [
        f"{name} is {tensor.dtype}: each number n stands for {tensor.scale:.6g} × (n - {tensor.zero_point})"
        for name, tensor in (*inputs.items(), *outputs.items())
        if tensor.scale and not tensor.dtype.startswith("float")
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """The shapes of one run."""

    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]


def input_specs(found: Served, free: Free) -> tuple[TensorSpec, ...]:
    """The inputs, with all the sizes that the file leaves free, with those after the first, or with none."""
    return tuple(
        TensorSpec(name, tensor.dtype, _dims(name, tensor, free)) for name, tensor in found.inputs.items()
    )


def _dims(name: str, tensor: StoredTensor, free: Free) -> tuple[Dim, ...]:
    kept = {"all": 0, "rest": 1, "none": len(tensor.free)}[free]
    return tuple(
        begins if size >= 0 or at < kept else BATCH if at == 0 else f"{name}_{at}"
        for at, (size, begins) in enumerate(zip(tensor.free, tensor.shape, strict=True))
    )


def with_outputs(inputs: tuple[TensorSpec, ...], found: Served, runs: list[Run]) -> Signature:
    """The whole signature: a size of an answer that changes is one of the inputs' sizes, as all runs show."""
    role: Role = "prediction" if len(found.outputs) == 1 else "tensor"
    outputs = []
    for name, tensor in found.outputs.items():
        seen = zip(*(run.outputs[name] for run in runs), strict=True)
        dims = tuple(_dim(sizes, inputs, runs, name) for sizes in seen)
        outputs.append(TensorSpec(name, tensor.dtype, dims, role))
    return Signature(inputs, tuple(outputs))


def _dim(sizes: tuple[int, ...], inputs: tuple[TensorSpec, ...], runs: list[Run], name: str) -> Dim:
    if len(set(sizes)) == 1:
        return sizes[0]
    for spec in inputs:
        for at, dim in enumerate(spec.shape):
            if isinstance(dim, str) and sizes == tuple(run.inputs[spec.name][at] for run in runs):
                return dim
    raise ConversionError(f"The model's {name} has a size that none of its inputs has")
