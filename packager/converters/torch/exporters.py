"""torch's two exporters to ONNX: the one over torch.export, and the older one over TorchScript."""

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.torch.module import Exporter, Task

# What the dynamo exporter writes by itself; for older opsets it converts afterwards.
NATIVE_OPSET = 18
_NEWEST_LEGACY_OPSET = 20


def quiet() -> contextlib.redirect_stdout[io.StringIO]:
    """Exporters talk on stdout; a worker's output is for its own log."""
    return contextlib.redirect_stdout(io.StringIO())


def from_program(program: Any, inputs: list[str], outputs: list[str], opset: int) -> Any:
    import torch

    with quiet():
        made = torch.onnx.export(
            program,
            (),
            dynamo=True,
            input_names=inputs,
            output_names=outputs,
            opset_version=min(opset, NATIVE_OPSET),
            external_data=False,
            verbose=False,
        )
    return made.model_proto


def program_of(task: Task) -> Any:
    """The module as a program; torch.export may fix a size by itself, which the proof finds."""
    import torch

    shapes = tuple(
        {axis: torch.export.Dim.AUTO for one in task.free for which, axis in one.axes if which == at}
        for at in range(len(task.example))
    )
    return torch.export.export(task.module, tuple(task.example), dynamic_shapes=(shapes,), strict=False)


def _dynamo(task: Task) -> Any:
    return from_program(program_of(task), task.inputs, task.outputs, task.opset)


def _legacy(task: Task) -> Any:
    import onnx
    import torch

    axes: dict[str, dict[int, str]] = {}
    for one in task.free:
        for at, axis in one.axes:
            axes.setdefault(task.inputs[at], {})[axis] = one.name
    buffer = io.BytesIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with quiet(), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        torch.onnx.export(
            task.module,
            tuple(task.example),
            buffer,
            dynamo=False,
            input_names=task.inputs,
            output_names=task.outputs,
            dynamic_axes=axes,
            opset_version=min(task.opset, _NEWEST_LEGACY_OPSET),
        )
    _refuse_kept_branches(heard)
    return onnx.load_from_string(buffer.getvalue())


def _refuse_kept_branches(heard: list[warnings.WarningMessage]) -> None:
    """It runs the model once and keeps the branch that Python took, which another input may not take.

    torch's own layers look only at sizes, and those the proof covers.
    """
    import torch

    own = str(Path(torch.__file__).parent)
    for one in heard:
        if issubclass(one.category, torch.jit.TracerWarning) and not one.filename.startswith(own):
            raise ConversionError(
                f"The model decides by values in Python ({Path(one.filename).name}, line {one.lineno}), "
                "and the exporter would keep one way for all inputs",
                hint="decide by torch.where, or script the model (torch.jit.script)",
            )


DYNAMO = Exporter("torch's exporter", _dynamo)
LEGACY = Exporter("torch's older exporter", _legacy)
