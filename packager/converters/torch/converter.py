"""The PyTorch converter: three kinds of files, one source."""

import inspect
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from packager.converters.detection import detect
from packager.converters.failure import (
    ConversionError,
    SamplesError,
    SourceError,
    UnsafeModelError,
    translated,
)
from packager.converters.inventing import invent_tensors
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import Signature
from packager.converters.source import About, Written
from packager.converters.tensors import Array
from packager.converters.torch.example import example_tensors
from packager.converters.torch.exported import export_module, read_program, training_parts
from packager.converters.torch.factory import build_module
from packager.converters.torch.program_guard import check_program
from packager.converters.torch.script_guard import check_script
from packager.converters.torch.scripted import CHECK_SAMPLES, read_script
from packager.converters.torch.shapes import to_array
from packager.converters.torch.weights import forbid_pickled_objects, load_weights, names_in

_MADE_ROWS = 16


class Model(Protocol):
    """What the kinds of torch models have in common."""

    @property
    def signature(self) -> Signature: ...
    @property
    def largest(self) -> int | None: ...
    def run(self, arguments: list[Any]) -> list[Any]: ...
    def write(self, dest: Path, request: Request) -> int: ...


@dataclass(frozen=True, slots=True)
class TorchSource:
    model: Model
    about: About
    request: Request
    notes: tuple[str, ...] = ()

    @property
    def signature(self) -> Signature:
        return self.model.signature

    def invent(self, count: int, seed: int) -> list[Rows]:
        largest = min(count, _MADE_ROWS, self.model.largest or count)
        return invent_tensors(self.signature, largest, seed)

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        return {spec.name: rows.columns[spec.name] for spec in self.signature.inputs}

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        import torch

        given = [
            torch.from_numpy(np.ascontiguousarray(rows.columns[spec.name])) for spec in self.signature.inputs
        ]
        kind = SamplesError if self.request.samples else ConversionError
        hint = None if self.request.samples else "give rows of the real kind: --samples FILE"
        with translated(kind, "The model itself does not take these rows", hint):
            answers = self.model.run(given)
        return {spec.name: to_array(one) for spec, one in zip(self.signature.outputs, answers, strict=True)}

    def write(self, dest: Path) -> Written:
        import torch

        opset = self.model.write(dest, self.request)
        return Written(opset, f"torch.onnx {torch.__version__}")


@dataclass(frozen=True, slots=True)
class _Unshaped:
    """Weights alone, looked at without the code that they belong to."""

    signature: Signature = field(default_factory=lambda: Signature((), ()))
    largest: int | None = None

    def run(self, arguments: list[Any]) -> list[Any]:
        raise ConversionError(f"A model without shapes answers none of {len(arguments)} inputs")

    def write(self, dest: Path, request: Request) -> int:
        raise ConversionError(f"{request.source.name} has no shapes, so {dest.name} cannot be written")


def open_source(request: Request) -> TorchSource:
    form = detect(request.source).form
    if form == "exported_program":
        return _open_program(request)
    if form == "script_module":
        return _open_script(request)
    return _open_weights(request)


def _about(description: str, loads: tuple[str, ...], written_by: str | None = None) -> About:
    import torch

    return About("torch", str(torch.__version__), written_by, description, loads)


def _open_program(request: Request) -> TorchSource:
    operators, version = check_program(request.source)
    import torch

    forbid_pickled_objects()
    sentence = f"{request.source.name} cannot be read by torch {torch.__version__} as an exported program"
    hint = "export it again with torch.export.save, or convert it with the torch that wrote it"
    with translated(SourceError, sentence, hint):
        program = _loaded(request.source)
    if request.action == "convert":
        _refuse_training(request.source, training_parts(program))
    model = read_program(program)
    notes = () if _has_free_batch(model.signature) else (_static_note(model.signature),)
    weights = len(program.state_dict)
    return TorchSource(
        model, _about(f"ExportedProgram({weights} tensors)", operators, version), request, notes
    )


def _loaded(path: Path) -> Any:
    import torch

    try:
        return torch.export.load(path)
    except pickle.UnpicklingError as error:
        raise UnsafeModelError(f"{path.name} holds more than tensors: nothing of it was run") from error


def _refuse_training(path: Path, parts: list[str]) -> None:
    if parts:
        raise ConversionError(
            f"{path.name} was exported in training mode ({', '.join(parts)}): its answers are random, "
            "or depend on the other rows of the batch",
            hint="call model.eval() before torch.export.export, and save it again",
        )


def _has_free_batch(signature: Signature) -> bool:
    return any(spec.batched for spec in signature.inputs)


def _static_note(signature: Signature) -> str:
    shapes = ", ".join(f"{spec.name} {list(spec.shape)}" for spec in signature.inputs)
    return f"the program was exported without a free batch and keeps its shapes: {shapes}"


def _open_script(request: Request) -> TorchSource:
    check_script(request.source)
    import torch

    with translated(SourceError, f"{request.source.name} cannot be read as a script module"):
        module = torch.jit.load(request.source, map_location="cpu").eval()
    about = _about(f"ScriptModule({module.original_name})", ())
    if request.action == "inspect" and request.samples is None:
        return TorchSource(_Unshaped(), about, request, ("a script module shows its shapes with --samples",))
    names = [
        argument.name for argument in module.forward.schema.arguments[1:] if not argument.has_default_value()
    ]
    example = example_tensors(request, names, "a script module")
    return TorchSource(read_script(module, names, example), about, request)


def _open_weights(request: Request) -> TorchSource:
    import torch

    tensors = load_weights(request.source)
    about = _about(f"state_dict({len(tensors)} tensors)", names_in(request.source))
    if request.torch_model is None:
        if request.action == "inspect":
            note = "weights alone: --torch-model module:factory and --samples show the signature"
            return TorchSource(_Unshaped(), about, request, (note,))
        listed = ", ".join(list(tensors)[:3])
        raise ConversionError(
            f"{request.source.name} holds {len(tensors)} weights ({listed}, …) "
            "and not the model that they belong to",
            hint="name the function that builds it: --torch-model module:factory, with --samples",
        )
    module = build_module(request, tensors)
    names = _arguments(module)
    example = example_tensors(request, names, "weights alone")
    with translated(SamplesError, "The model does not take the sample rows", CHECK_SAMPLES), torch.no_grad():
        module(*example)
    model = read_program(export_module(module, names, example, batched=True))
    about = _about(f"{type(module).__name__}({len(tensors)} tensors)", about.loads)
    return TorchSource(model, about, request)


def _arguments(module: Any) -> list[str]:
    parameters = inspect.signature(module.forward).parameters.values()
    wanted = [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return [parameter.name for parameter in wanted]
