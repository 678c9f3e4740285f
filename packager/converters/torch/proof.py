"""Holds what was made of a module to it, at several sizes: exporters call a graph done that differs."""

from typing import Any

import numpy as np

from packager.converters.failure import WorkerError
from packager.converters.onnx.engine import open_session, run_session
from packager.converters.tensors import Array
from packager.converters.torch.freedom import Run
from packager.converters.torch.shapes import to_array

# Wide enough for every exporter's arithmetic; the gate at the end of a build is narrower.
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4


def difference(
    data: bytes, run: Run, trials: list[list[Any]], names: list[str], outputs: list[str]
) -> str | None:
    """In what the graph differs from the module, or None where it does not."""
    try:
        session = open_session(data)
        for tensors in trials:
            given = {name: to_array(tensor) for name, tensor in zip(names, tensors, strict=True)}
            said = compared(outputs, run(tensors), run_session(session, given))
            if said is not None:
                return f"{said} for inputs of shape {', '.join(str(list(a.shape)) for a in given.values())}"
    except WorkerError as error:
        return error.message
    return None


def compared(outputs: list[str], own: list[Any], made: list[Array]) -> str | None:
    """The first of the module's own answers that another file of it does not give."""
    for name, tensor, array in zip(outputs, own, made, strict=True):
        wanted = to_array(tensor)
        if wanted.shape != array.shape or wanted.dtype != array.dtype:
            return f"{name} is {_kind(array)} in place of {_kind(wanted)}"
        if not np.allclose(wanted, array, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True):
            worst = np.nanmax(np.abs(wanted.astype(np.float64) - array.astype(np.float64)))
            return f"{name} differs by {worst:g}"
    return None


def _kind(array: Array) -> str:
    return f"{array.dtype}{list(array.shape)}"
