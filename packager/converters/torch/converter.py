"""The PyTorch converter: programs, scripts, whole modules and weights, one source."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from packager.converters.detection import detect
from packager.converters.failure import ConversionError, SamplesError, translated
from packager.converters.inventing import invent_tensors
from packager.converters.onnx.trial import without_false_batch
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import Signature
from packager.converters.source import About, Written
from packager.converters.tensors import Array
from packager.converters.torch.exported import ExportedModel
from packager.converters.torch.module import Exported, ModuleModel
from packager.converters.torch.opening import Opened, open_file
from packager.converters.torch.shapes import to_array

_MADE_ROWS = 16


class Model(Protocol):
    """What the kinds of torch models have in common.

    ``bounds``: by input, how many rows the smallest table has that its values are places in.
    """

    @property
    def signature(self) -> Signature: ...
    @property
    def bounds(self) -> dict[str, int]: ...
    def run(self, arguments: list[Any]) -> list[Any]: ...
    def write(self, dest: Path, request: Request) -> Exported: ...


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
        bounds = self.model.bounds
        made = invent_tensors(self.signature, min(count, _MADE_ROWS), seed, bounds=bounds)
        if not self.signature.rowwise or self.signature.inputs[0].batched:
            return made
        # Of a fixed batch there is one: several show more.
        more = (invent_tensors(self.signature, 1, seed + at, bounds=bounds) for at in range(1, 4))
        return made + [rows for one in more for rows in one]

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
        if self.request.passes:
            return self._write_changed(dest)
        return self._write_lite(dest) if self.request.format == "tflite" else self._write_onnx(dest)

    def _write_onnx(self, dest: Path) -> Written:
        import torch

        made = self.model.write(dest, self.request)
        source = replace(self, model=made.model, notes=(*self.notes, *made.notes))
        return Written(made.opset, f"torch.onnx {torch.__version__} ({made.exporter})", source)

    def _write_lite(self, dest: Path) -> Written:
        from packager.converters.torch.lite import write_lite

        lite, model = write_lite(self.model, self.request, dest)
        source = replace(self, model=model, notes=(*self.notes, *lite.notes))
        return Written(None, lite.converter, source)

    def _write_changed(self, dest: Path) -> Written:
        """A changed copy; it answers for the file, and the model as it was for itself."""
        from packager.converters.torch import pruning

        model, applied = pruning.changed(self, self.model, self.request)
        other = replace(self, model=model, request=replace(self.request, passes=()))
        written = other.write(dest)
        source = cast("TorchSource", written.source)
        pruning.prove(dest, cast("ModuleModel", source.model), self, self.request)
        own = replace(cast("ModuleModel", source.model), module=cast("ModuleModel", self.model).module)
        return replace(written, source=replace(source, model=own, request=self.request), applied=applied)


@dataclass(frozen=True, slots=True)
class _Unshaped:
    """A model that is looked at without the code or the rows that show its shapes."""

    signature: Signature = field(default_factory=lambda: Signature((), ()))
    bounds: dict[str, int] = field(default_factory=dict)

    def run(self, arguments: list[Any]) -> list[Any]:
        raise ConversionError(f"A model without shapes answers none of {len(arguments)} inputs")

    def write(self, dest: Path, request: Request) -> Exported:
        raise ConversionError(f"{request.source.name} has no shapes, so {dest.name} cannot be written")


def open_source(request: Request) -> TorchSource:
    import torch

    opened: Opened = open_file(request, detect(request.source).form)
    about = About("torch", str(torch.__version__), opened.written_by, opened.description, opened.loads)
    source = TorchSource(opened.model or _Unshaped(), about, request, opened.notes)
    if request.action == "inspect" or not isinstance(opened.model, ExportedModel):
        return source
    # A program says which sizes are free, and not what the first one is: rows, or steps in time.
    signature = without_false_batch(source.signature, source)
    return replace(source, model=replace(opened.model, signature=signature))
