"""What a checkpoint may hold beside tensors: torch's own layers, plain values, and classes allowed by name.

torch's weights-only reader makes objects of admitted classes alone, so this list is what a file can use.
"""

import importlib
import sys
from collections.abc import Iterator
from typing import Any

from packager.converters.failure import SourceError, UnsafeModelError

# Layers as they are built in Python; what is quantized, lazy or parallel has code of its own that runs.
_LAYER_ROOMS = frozenset(
    {
        "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance", "dropout",
        "flatten", "fold", "instancenorm", "linear", "module", "normalization", "padding", "pixelshuffle",
        "pooling", "rnn", "sparse", "transformer", "upsampling",
    }
)  # fmt: skip
_LAYERS = "torch.nn.modules."
# Activations that layers hold as a value; calling one does nothing but arithmetic.
_FUNCTIONS = frozenset(
    {f"torch.nn.functional.{name}" for name in ("relu", "silu", "mish", "softmax", "leaky_relu", "elu")}
    | {"torch._C._nn.gelu"}
)
_PLAIN = {
    "argparse.Namespace": "argparse.Namespace",
    "collections.Counter": "collections.Counter",
    "collections.defaultdict": "collections.defaultdict",
    "numpy.ndarray": "numpy.ndarray",
    "numpy.dtype": "numpy.dtype",
    "pathlib.PosixPath": "pathlib.PosixPath",
    "pathlib.PurePosixPath": "pathlib.PurePosixPath",
    "pathlib._local.PosixPath": "pathlib.PosixPath",
    **{
        f"numpy.{room}.multiarray.{name}": f"numpy._core.multiarray.{name}"
        for room in ("core", "_core")
        for name in ("scalar", "_reconstruct")
    },
}
# numpy's own classes of dtypes, which its dtypes are made of while they are read.
_DTYPES = (
    "BoolDType", "Float16DType", "Float32DType", "Float64DType", "Int8DType", "Int16DType", "Int32DType",
    "Int64DType", "UInt8DType", "UInt16DType", "UInt32DType", "UInt64DType", "LongDType", "ULongDType",
)  # fmt: skip


def is_layer(name: str) -> bool:
    room, _, layer = name.removeprefix(_LAYERS).partition(".")
    return name.startswith(_LAYERS) and room in _LAYER_ROOMS and layer.isidentifier()


def is_known(name: str) -> bool:
    """Whether it may be read without being asked for."""
    return is_layer(name) or name in _FUNCTIONS or name in _PLAIN


def admitted(names: tuple[str, ...], allowed: frozenset[str]) -> list[Any]:
    """What torch's reader needs for these names, each with the name that the file has for it."""
    found: list[Any] = []
    for name in names:
        if is_layer(name):
            found.append((_layer(name), name))
        elif name in _FUNCTIONS or name in _PLAIN:
            found.append((_resolved(_PLAIN.get(name, name)), name))
        elif name in allowed:
            found.append((_users_class(name), name))
    return [*found, *_dtypes()] if any(name.startswith("numpy.") for name in names) else found


def _dtypes() -> Iterator[Any]:
    import numpy as np

    yield from (getattr(np.dtypes, name) for name in _DTYPES if hasattr(np.dtypes, name))


def _layer(name: str) -> Any:
    import torch

    found = _resolved(name)
    if not (
        isinstance(found, type) and issubclass(found, torch.nn.Module) and found.__module__ + "." in name
    ):
        raise UnsafeModelError(f"The file asks for {name}, which is not a layer of torch")
    return found


def _users_class(name: str) -> Any:
    """Classes of the user's own code; what comes with Python could do anything with what a file gives it."""
    if name.partition(".")[0] in sys.stdlib_module_names and not name.startswith("__main__."):
        raise UnsafeModelError(
            f"--allow {name} names a part of Python itself, which a model file could use for anything",
            hint="allow classes of your own code; save weights alone: torch.save(model.state_dict(), ...)",
        )
    found = _resolved(name)
    if not isinstance(found, type):
        raise UnsafeModelError(
            f"--allow {name} names a {type(found).__name__}, and a torch file may hold classes alone",
            hint="save the weights alone: torch.save(model.state_dict(), ...), and give --torch-model",
        )
    return found


def _resolved(name: str) -> Any:
    module, _, inner = name.rpartition(".")
    hint = "run the command where its module can be imported, or save the weights alone (state_dict)"
    if module == "__main__":
        raise SourceError(
            f"The file holds an object of {name}, a class of the script that saved it",
            hint="save the weights alone: torch.save(model.state_dict(), ...), and give --torch-model",
        )
    try:
        return getattr(importlib.import_module(module), inner)
    except (ImportError, AttributeError) as error:
        raise SourceError(f"The file holds an object of {name}, which is not here: {error}", hint) from error
