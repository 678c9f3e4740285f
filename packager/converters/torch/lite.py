"""TFLite from a torch model: its module and tensors of the sizes that the file will keep."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from packager.converters.failure import ConversionError, SamplesError, translated
from packager.converters.inventing import invent_tensors
from packager.converters.labels import take_labels
from packager.converters.request import Request
from packager.converters.samples import read_samples
from packager.converters.signature import BATCH, TensorSpec
from packager.converters.tflite.from_torch import Lite, one_row, write_module
from packager.converters.torch.exported import ExportedModel
from packager.converters.torch.module import ModuleModel

_ROWS = 3
_PROGRAM = 'export the model that the script was made of: torch.export.save(…, "model.pt2")'


class _Program(torch.nn.Module):  # type: ignore[misc]
    """An exported program as a module that takes its tensors in order."""

    def __init__(self, program: Any) -> None:
        super().__init__()
        self.inner = program.module(check_guards=False)
        self.spec = program.call_spec.in_spec

    def forward(self, *tensors: Any) -> tuple[Any, ...]:
        from torch.utils._pytree import tree_leaves, tree_unflatten

        args, kwargs = tree_unflatten(list(tensors), self.spec)
        return tuple(tree_leaves(self.inner(*args, **kwargs)))

    def eval(self) -> "_Program":
        """Programs are in evaluation mode already, and refuse to be told."""
        for module in self.modules():
            module.training = False
        return self


def write_lite(model: Any, request: Request, dest: Path) -> tuple[Lite, Any]:
    """The written file, and the model with the signature that it has."""
    if isinstance(model, ModuleModel):
        traced = _of_script(model) if isinstance(model.module, torch.jit.ScriptModule) else None
        lite = write_module(model.module, model.example, model.signature, dest, traced)
        return lite, replace(model, signature=lite.signature)
    lite = write_module(_Program(model.program), _example(model, request), model.signature, dest)
    return lite, replace(model, signature=lite.signature)


def _of_script(model: ModuleModel) -> Any:
    """torch.export does not take scripts; torch's own translation of their graphs does, for one row."""
    from torch._export.converter import TS2EPConverter

    with translated(ConversionError, "The script module cannot be had as a program", _PROGRAM):
        return _Program(
            TS2EPConverter(model.module, tuple(one_row(model.signature, model.example))).convert()
        )


def _most(spec: TensorSpec) -> int:
    """A program of a fixed batch takes so many rows and no other number."""
    first = spec.shape[0]
    return first if isinstance(first, int) else _ROWS


def _example(model: ExportedModel, request: Request) -> list[Any]:
    """The first rows of the samples, or made ones where only the batch is free."""
    signature = model.signature
    if request.samples is not None:
        rows = read_samples(take_labels(request)[0], signature)
        columns = {
            spec.name: rows.columns[spec.name][: _most(spec)] if rows.batched else rows.columns[spec.name]
            for spec in signature.inputs
        }
    else:
        free = sorted(
            {dim for spec in signature.inputs for dim in spec.shape if isinstance(dim, str)} - {BATCH}
        )
        if free:
            raise SamplesError(
                f"TFLite keeps every size but the batch, and the model leaves {', '.join(free)} free",
                hint="add rows of the size that will be asked for: --samples rows.npz",
            )
        (made,) = invent_tensors(signature, _ROWS, request.seed, bounds=model.bounds)[:1]
        columns = made.columns
    return [torch.from_numpy(np.ascontiguousarray(columns[spec.name])) for spec in signature.inputs]
