"""Opens each kind of torch file safely, and reads it with the user's sample rows where it has no shapes."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, SourceError, UnsafeModelError, translated
from packager.converters.request import Request
from packager.converters.signature import Signature
from packager.converters.torch.arguments import arguments_of, script_arguments
from packager.converters.torch.checkpoint import Checkpoint, load_checkpoint, load_safetensors
from packager.converters.torch.eager import read_eager
from packager.converters.torch.example import example_tensors, read_samples_table
from packager.converters.torch.exported import read_program, training_parts
from packager.converters.torch.factory import build_module
from packager.converters.torch.program_guard import check_program
from packager.converters.torch.script_guard import check_script
from packager.converters.torch.weights import forbid_pickled_objects


@dataclass(frozen=True, slots=True)
class Opened:
    """``model`` is None where the file is only looked at and shows no shapes."""

    model: Any
    description: str
    loads: tuple[str, ...]
    written_by: str | None = None
    notes: tuple[str, ...] = ()


def open_file(request: Request, form: str) -> Opened:
    if form == "exported_program":
        return _open_program(request)
    if form == "script_module":
        return _open_script(request)
    found = load_safetensors(request) if form == "safetensors" else load_checkpoint(request)
    return _open_checkpoint(request, found)


def _open_program(request: Request) -> Opened:
    operators, version = check_program(request.source)
    import torch

    forbid_pickled_objects()
    by = f"; torch {version} wrote it" if version else ""
    sentence = f"{request.source.name} cannot be read by torch {torch.__version__} as an exported program{by}"
    hint = "export it again with torch.export.save, or convert it with the torch that wrote it"
    with translated(SourceError, sentence, hint):
        program = _loaded(request.source)
    if request.action == "convert":
        _refuse_training(request.source, training_parts(program))
    model = read_program(program)
    notes = () if _has_free_batch(model.signature) else (_static_note(model.signature),)
    return Opened(model, f"ExportedProgram({len(program.state_dict)} tensors)", operators, version, notes)


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


def _open_script(request: Request) -> Opened:
    check_script(request.source)
    import torch

    from packager.converters.torch.scripted import read_script

    with translated(SourceError, f"{request.source.name} cannot be read as a script module"):
        module = torch.jit.load(request.source, map_location="cpu").eval()
    description = f"ScriptModule({module.original_name})"
    if request.action == "inspect" and request.samples is None:
        return Opened(None, description, (), notes=("a script module shows its shapes with --samples",))
    table = read_samples_table(request, "a script module")
    return Opened(read_script(module, example_tensors(table, script_arguments(module))), description, ())


def _open_checkpoint(request: Request, found: Checkpoint) -> Opened:
    if found.module is not None:
        return _open_module(request, found.module.eval(), found.loads, "a whole module")
    tensors = found.tensors
    if request.torch_model is None:
        if request.action == "inspect":
            note = "weights alone: --torch-model module:factory and --samples show the signature"
            return Opened(None, f"state_dict({len(tensors)} tensors)", found.loads, notes=(note,))
        listed = ", ".join(list(tensors)[:3])
        raise ConversionError(
            f"{request.source.name} holds {len(tensors)} weights ({listed}, …) "
            "and not the model that they belong to",
            hint="name the function that builds it: --torch-model module:factory, with --samples",
        )
    return _open_module(request, build_module(request, tensors), found.loads, "weights alone")


def _open_module(request: Request, module: Any, loads: tuple[str, ...], what: str) -> Opened:
    description = f"{type(module).__name__}({len(module.state_dict())} tensors)"
    if request.action == "inspect" and request.samples is None:
        return Opened(None, description, loads, notes=(f"{what} shows its shapes with --samples",))
    table = read_samples_table(request, what)
    example = example_tensors(table, arguments_of(module, list(table.arrays or {})))
    return Opened(read_eager(module, example), description, loads)
