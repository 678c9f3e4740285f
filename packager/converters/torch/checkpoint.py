"""Files of torch.save: state dicts, checkpoints that hold one among other things, and whole modules."""

import pickle
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, SourceError, UnsafeModelError, flags_for, translated
from packager.converters.request import Request
from packager.converters.torch.admission import admitted, is_known
from packager.converters.torch.weights import forbid_pickled_objects, foreign_names, names_in

# Where checkpoints keep the weights, in the order of how common the names are.
_WEIGHT_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "weights", "params")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A whole module, or tensors by name; ``loads`` names every class and function of the file."""

    module: Any
    tensors: dict[str, Any]
    loads: tuple[str, ...]


def load_checkpoint(request: Request) -> Checkpoint:
    import torch

    path = request.source
    forbid_pickled_objects()
    names = names_in(path)
    odd = tuple(n for n in foreign_names(names) if not is_known(n) and n not in request.allow)
    if odd:
        raise _refusal(path, odd)
    sys.path[:0] = [entry for entry in request.import_paths if entry not in sys.path]
    try:
        with torch.serialization.safe_globals(admitted(names, request.allow)):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refusal(path, foreign_names(names)) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        words = " ".join(str(error).split())[:200]
        raise SourceError(f"{path.name} cannot be read as a torch file: {words}") from error
    return _read(path, content, names)


def load_safetensors(request: Request) -> Checkpoint:
    """Tensors by name and nothing else: its reader can make no other object."""
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise ConversionError(
            f"{request.source.name} is a safetensors file, and the package safetensors is not installed",
            hint="pip install safetensors",
        ) from error
    with translated(SourceError, f"{request.source.name} is a damaged safetensors file"):
        tensors = load_file(request.source)
    if not tensors:
        raise SourceError(f"{request.source.name} holds no weights")
    return Checkpoint(None, tensors, ())


def _refusal(path: Path, odd: tuple[str, ...]) -> UnsafeModelError:
    listed = ", ".join(odd[:5]) or "code"
    hint = "save the weights alone (torch.save(model.state_dict(), ...)) or a program (torch.export.save)"
    return UnsafeModelError(
        f"{path.name} asks for {listed}, which is not a tensor: nothing of it was run",
        hint=f"{hint}; if these are classes of your own code, allow them by name: {flags_for(odd)}"
        if odd
        else hint,
        details=odd,
    )


def _read(path: Path, content: Any, names: tuple[str, ...]) -> Checkpoint:
    import torch

    for held in (content, *_below(content)):
        if isinstance(held, torch.nn.Module):
            return Checkpoint(held, {}, names)
        if tensors := _tensors(held):
            return Checkpoint(None, tensors, names)
    hint = "save them by torch.save(model.state_dict(), ...)"
    if isinstance(content, Mapping) and not content:
        hint = (
            "a model without weights is saved as a program: torch.export.save(torch.export.export(...), ...)"
        )
        raise SourceError(f"{path.name} is a state_dict without any weights", hint=hint)
    keys = f": it has {', '.join(map(repr, list(content)[:6]))}" if isinstance(content, Mapping) else ""
    raise SourceError(f"{path.name} holds no weights by name{keys}", hint=hint)


def _below(content: Any) -> list[Any]:
    """What a checkpoint holds under the usual names; else the one part that is weights."""
    if not isinstance(content, Mapping):
        return []
    usual = [content[key] for key in _WEIGHT_KEYS if key in content]
    others = [held for held in content.values() if _tensors(held)]
    return [*usual, *(others if len(others) == 1 else ())]


def _tensors(held: Any) -> dict[str, Any]:
    """Tensors by name; nothing where there is anything else."""
    import numpy as np
    import torch

    if not isinstance(held, Mapping) or not all(isinstance(name, str) for name in held):
        return {}
    made = {
        name: torch.from_numpy(value)
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
        else value
        for name, value in held.items()
    }
    return made if all(isinstance(value, torch.Tensor) for value in made.values()) else {}
