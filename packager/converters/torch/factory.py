"""The user's own function that builds the model of a state dict: ``--torch-model module:factory``."""

import importlib
import sys
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.request import Request


def build_module(request: Request, tensors: dict[str, Any]) -> Any:
    """The module in evaluation mode with the weights of the file."""
    module = _called(request)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        words = " ".join(str(error).split())[:400]
        raise ConversionError(f"The weights do not fit {request.torch_model}: {words}") from error
    return module.eval()


def _called(request: Request) -> Any:
    import torch

    module_name, colon, name = (request.torch_model or "").partition(":")
    if not colon or not name:
        raise ConversionError(
            f"--torch-model is {request.torch_model!r}, not module:factory", hint="for example net:build"
        )
    sys.path[:0] = [path for path in request.import_paths if path not in sys.path]
    try:
        factory: Any = importlib.import_module(module_name)
        for part in name.split("."):
            factory = getattr(factory, part)
    except (ImportError, AttributeError) as error:
        raise ConversionError(
            f"--torch-model {request.torch_model} cannot be imported: {error}",
            hint="run the command where the module can be imported",
        ) from error
    made = factory()
    if not isinstance(made, torch.nn.Module):
        raise ConversionError(f"{request.torch_model} gave a {type(made).__name__}, not a torch.nn.Module")
    return made
