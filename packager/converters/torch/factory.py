"""The user's own function that builds the model of a state dict: ``--torch-model module:factory``."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from packager.converters.failure import ConversionError, translated
from packager.converters.request import Request

_EXAMPLES = {"module:factory": "net:build", "module:function": "net:train"}


def build_module(request: Request, tensors: dict[str, Any]) -> Any:
    """The module in evaluation mode with the weights of the file."""
    module = _called(request)
    hint = "name the function that builds the very model whose weights the file holds"
    with translated(ConversionError, f"The weights do not fit {request.torch_model}", hint):
        fitting = _without_prefix(tensors, set(module.state_dict()))
        _refuse_other_numbers(fitting, module.state_dict())
        module.load_state_dict(fitting, strict=not _are_all_there(fitting, module.state_dict()))
    return module.eval()


def _are_all_there(tensors: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether the names that the file lacks are second names of weights that it has (safetensors)."""
    shared = {own[name].data_ptr() for name in tensors if name in own}
    return set(tensors) <= set(own) and all(
        own[name].numel() > 0 and own[name].data_ptr() in shared for name in set(own) - set(tensors)
    )


def _refuse_other_numbers(tensors: dict[str, Any], wanted: dict[str, Any]) -> None:
    """torch takes the real part of complex weights, and whole numbers of fractions, without a word."""
    for name, tensor in tensors.items():
        own = wanted.get(name)
        if own is None:
            continue
        lossy = tensor.is_complex() > own.is_complex() or (
            not own.is_complex() and tensor.is_floating_point() > own.is_floating_point()
        )
        if lossy or tensor.is_quantized != own.is_quantized:
            raise ConversionError(
                f"The weight {name} holds {str(tensor.dtype).removeprefix('torch.')} numbers, "
                f"and the model has {str(own.dtype).removeprefix('torch.')} there",
                hint="name the function that builds the very model whose weights the file holds",
            )


def _without_prefix(tensors: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Wrappers put one word before all names: `module.` (parallel), `model.` (Lightning), `_orig_mod.`."""
    first = next(iter(tensors))
    for prefix in sorted({first.removesuffix(name) for name in wanted if first.endswith(name)}):
        if {prefix + name for name in wanted} == set(tensors):
            return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def _called(request: Request) -> Any:
    import torch

    factory = imported(request.torch_model or "", "--torch-model", "module:factory", request)
    hint = "it is called without arguments, and gives the module whose weights the file holds"
    with users_code(f"The function of --torch-model {request.torch_model} failed", hint):
        made = factory()
    if not isinstance(made, torch.nn.Module):
        raise ConversionError(f"{request.torch_model} gave a {type(made).__name__}, not a torch.nn.Module")
    return made


def imported(named: str, option: str, form: str, request: Request) -> Any:
    """What the user's own code has under ``module:name``; ``option`` and its ``form`` are for messages."""
    module_name, colon, name = named.partition(":")
    if not colon or not name:
        raise ConversionError(f"{option} is {named!r}, not {form}", hint=f"for example {_EXAMPLES[form]}")
    sys.path[:0] = [path for path in request.import_paths if path not in sys.path]
    hint = "run the command where the module can be imported"
    with users_code(f"{option} {named} cannot be imported", hint):
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    return found


@contextmanager
def users_code(sentence: str, hint: str) -> Iterator[None]:
    """The user's own code may fail in any way, and may even end the process."""
    with translated(ConversionError, sentence, hint):
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"it ends the process with {error.code!r}") from None
        except KeyboardInterrupt:
            raise RuntimeError("it raises KeyboardInterrupt") from None
