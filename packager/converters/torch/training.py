"""A pruned module trained by a function of the user: `MODULE:FUNCTION`."""

import random
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import torch

from packager.converters.failure import ConversionError, WorkerError
from packager.converters.request import Request
from packager.converters.torch.factory import imported, users_code

_LINES = 3
_OURS = Path(__file__).parents[1]
_ITS_CONTRACT = (
    "it is called with the pruned module and trains it in place; a module that it returns is taken"
)


def trained(module: Any, named: str, request: Request) -> Any:
    """The module after the user's function, in evaluation mode; the same seed at every build."""
    train = imported(named, "train", "module:function", request)
    random.seed(request.seed)
    np.random.seed(request.seed)  # the user's code may draw from it
    torch.manual_seed(request.seed)
    try:
        with torch.enable_grad(), users_code(f"The function {named} failed", _ITS_CONTRACT):
            made = train(module)
    except WorkerError as error:
        raise ConversionError(error.message, error.hint, _own_lines(error, request)) from error.__cause__
    if made is not None and not isinstance(made, torch.nn.Module):
        raise ConversionError(f"{named} gave a {type(made).__name__}, not a torch.nn.Module", _ITS_CONTRACT)
    return (module if made is None else made).eval()


def _own_lines(error: WorkerError, request: Request) -> tuple[str, ...]:
    """The last lines of the user's own code before the failure."""
    frames = traceback.extract_tb(error.__cause__.__traceback__ if error.__cause__ else None)
    own = [frame for frame in frames if _is_users(frame.filename, request)]
    return tuple(f"{Path(frame.filename).name}, line {frame.lineno}: {frame.line}" for frame in own[-_LINES:])


def _is_users(filename: str, request: Request) -> bool:
    inside = any(Path(filename).is_relative_to(path) for path in request.import_paths)
    return inside and "site-packages" not in filename and not Path(filename).is_relative_to(_OURS)
