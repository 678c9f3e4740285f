"""Modules without shapes: their answers, and ONNX by the first of torch's exporters that is proved right."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packager.converters.chance import refuse_chance
from packager.converters.failure import ConversionError, SamplesError, WorkerError, translated
from packager.converters.onnx.graph import write_model
from packager.converters.request import Request
from packager.converters.signature import BATCH, Signature
from packager.converters.torch.example import Example, as_whole_numbers, cures, other_precisions
from packager.converters.torch.freedom import FreeSize, free_sizes, read_shapes, rows_are_apart, trials
from packager.converters.torch.proof import difference
from packager.converters.torch.shapes import to_array

CHECK_SAMPLES = "check the shape, the dtype and the values of the samples"
_HINT = "export it yourself with torch.export.export, and save it as .pt2; or to ONNX"


@dataclass(frozen=True, slots=True)
class Task:
    """What an exporter is given: tensors in order, names for them, and which sizes stay free."""

    module: Any
    example: list[Any]
    inputs: list[str]
    outputs: list[str]
    free: tuple[FreeSize, ...]
    opset: int


@dataclass(frozen=True, slots=True)
class Exporter:
    """One of torch's ways to ONNX."""

    name: str
    export: Callable[[Task], Any]


@dataclass(frozen=True, slots=True)
class ModuleModel:
    """``module`` takes the tensors of ``example`` in order, and gives a tuple of tensors."""

    module: Any
    signature: Signature
    example: list[Any]
    free: tuple[FreeSize, ...]
    exporters: tuple[Exporter, ...]
    bounds: dict[str, int] = field(default_factory=dict)

    def run(self, arguments: list[Any]) -> list[Any]:
        return run_module(self.module, arguments)

    def write(self, dest: Path, request: Request) -> "Exported":
        """Every exporter with all sizes free, then with the batch alone."""
        failures = []
        narrow = replace(self, free=tuple(one for one in self.free if one.name == BATCH))
        for model in (self,) if narrow.free == self.free else (self, narrow._reshaped()):
            for exporter in self.exporters:
                try:
                    with _heard_if_done():
                        proto = model._proved(exporter, request)
                except WorkerError as error:
                    failures.append(error)
                else:
                    opset = write_model(proto, model.signature, request, dest)
                    return Exported(opset, exporter.name, model, self._lost(model))
        # What says a cure tells more than the exporter's own words.
        told = next((error for error in failures if error.hint != _HINT), failures[0])
        others = dict.fromkeys(error.message for error in failures if error.message != told.message)
        raise ConversionError(told.message, told.hint, tuple(others))

    def _proved(self, exporter: Exporter, request: Request) -> Any:
        names = [spec.name for spec in self.signature.inputs]
        outputs = [spec.name for spec in self.signature.outputs]
        task = Task(self.module, self.example, names, outputs, self.free, request.max_opset)
        with translated(ConversionError, f"{exporter.name} cannot convert this model", _HINT):
            proto = exporter.export(task)
        del proto.graph.value_info[:]  # sizes of the example stand in there
        asked = trials(self.run, self.example, self.free)
        said = difference(proto.SerializeToString(), self.run, asked, names, outputs)
        if said is not None:
            raise ConversionError(
                f"The graph that {exporter.name} makes is not the model: {said}", hint=_hint(self.module)
            )
        return proto

    def _reshaped(self) -> "ModuleModel":
        outputs = [spec.name for spec in self.signature.outputs]
        names = [spec.name for spec in self.signature.inputs]
        return replace(self, signature=read_shapes(self.run, names, outputs, self.example, self.free))

    def _lost(self, model: "ModuleModel") -> tuple[str, ...]:
        names = [spec.name for spec in self.signature.inputs]
        kept = [
            f"size {one.size} of {', '.join(names[at] for at, _ in one.axes)}"
            for one in self.free
            if one not in model.free
        ]
        return (
            (f"the graph takes only {' and '.join(kept)}: no exporter of torch leaves it free",)
            if kept
            else ()
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """A written graph; ``model`` has its signature."""

    opset: int
    exporter: str
    model: Any
    notes: tuple[str, ...] = ()


def _hint(module: Any) -> str:
    """Where a layer is known to answer by another way than the one that is exported."""
    if any(getattr(layer, "use_nested_tensor", False) for layer in module.modules()):
        return (
            "torch answers masked places of nn.TransformerEncoder by nested tensors, which no exporter does: "
            "build it with enable_nested_tensor=False"
        )
    if odd := {"torch.bfloat16", "torch.float64"} & {
        str(held.dtype) for held in module.state_dict().values()
    }:
        return (
            f"the engine has few operators for {min(odd)[6:]} on a CPU: call model.float() before it is saved"
        )
    return _HINT


@contextmanager
def _heard_if_done() -> Iterator[None]:
    """What an exporter warned of that did not come through tells nothing about the one that did."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
    for one in heard:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def run_module(module: Any, arguments: list[Any]) -> list[Any]:
    import torch

    with torch.no_grad():
        # A module may write into what it is given.
        return list(module(*(tensor.clone() for tensor in arguments)))


def accepted(run: Callable[[list[Any]], Any], tensors: list[Any]) -> tuple[list[Any], Any]:
    """The tensors with whose dtypes the module runs, and its answer; the first refusal if it never does."""
    refusal: SamplesError | None = None
    for given in (tensors, as_whole_numbers(tensors), *other_precisions(tensors)):
        try:
            if given is not None:
                return given, _tried(run, given)
        except SamplesError as error:
            refusal = refusal or error
    assert refusal is not None  # noqa: S101 - the tensors as they are were refused
    raise SamplesError(refusal.message, _cure(run, tensors)) from refusal


def _cure(run: Callable[[list[Any]], Any], tensors: list[Any]) -> str:
    """What the user can change in the samples, shown by the model that takes them then."""
    for words, changed in cures(tensors):
        with suppress(WorkerError):
            _tried(run, changed)
            return words
    return CHECK_SAMPLES


def _tried(run: Callable[[list[Any]], Any], tensors: list[Any]) -> Any:
    import torch

    with torch.no_grad(), translated(SamplesError, "The model does not take the sample rows", CHECK_SAMPLES):
        return run([tensor.clone() for tensor in tensors])


def read_module(
    module: Any,
    outputs: list[str],
    example: Example,
    exporters: tuple[Exporter, ...],
) -> ModuleModel:
    """``module`` is flat already."""
    names = example.call.names

    def run(tensors: list[Any]) -> list[Any]:
        return run_module(module, tensors)

    tensors = example.tensors
    refuse_chance(lambda: dict(zip(outputs, map(to_array, run(tensors)), strict=True)))
    apart = not example.rowwise or rows_are_apart(run, tensors)
    if not apart:
        tensors = [whole.to(cut.dtype) for whole, cut in zip(example.whole, tensors, strict=True)]
    free = free_sizes(run, tensors, example.rowwise and apart, named=apart)
    signature = read_shapes(run, names, outputs, tensors, free)
    return ModuleModel(module, signature, tensors, free, exporters)
