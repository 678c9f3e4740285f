"""Keras 3 on torch: its own answers, and ONNX by torch's exporters, proved at several sizes."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, SourceError, WorkerError, translated
from packager.converters.keras.layers import (
    input_names,
    inputs_of,
    mask_values,
    output_names,
    table_bounds,
    with_masked_steps,
)
from packager.converters.keras.names import TENSORFLOW
from packager.converters.keras.reading import KerasFile
from packager.converters.keras.sizes import example_of
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.source import About, Written
from packager.converters.torch.converter import TorchSource
from packager.converters.torch.exporters import DYNAMO, LEGACY
from packager.converters.torch.freedom import read_shapes
from packager.converters.torch.module import ModuleModel, run_module


@dataclass(frozen=True, slots=True)
class KerasSource(TorchSource):
    """A Keras model as a torch module. What torch's converters cannot do, TensorFlow's may."""

    marks: dict[str, float] = field(default_factory=dict)

    def invent(self, count: int, seed: int) -> list[Rows]:
        return [with_masked_steps(rows, self.marks) for rows in TorchSource.invent(self, count, seed)]

    def write(self, dest: Path) -> Written:
        try:
            written = TorchSource.write(self, dest)
        except WorkerError as error:
            error.environment = TENSORFLOW
            raise
        lost = written.source.notes[len(self.notes) :] if written.source else ()
        if lost:  # a free size, which TensorFlow keeps
            dest.unlink()
            raise ConversionError(lost[0], environment=TENSORFLOW)
        return written


def open_on_torch(file: KerasFile, request: Request) -> KerasSource:
    keras = _keras()
    model = _loaded(keras, file)
    inputs = inputs_of(model, file.path.name)
    names = input_names(model, inputs)
    outputs = output_names(model, names)
    module = _wrapped(keras, model)
    bounds = table_bounds(model, inputs, names)

    def run(tensors: list[Any]) -> list[Any]:
        return run_module(module, tensors)

    with translated(ConversionError, f"{file.path.name} does not answer on torch"):
        example, free = example_of(inputs, [bounds.get(name) for name in names], run)
        signature = read_shapes(run, names, outputs, example, free)
    made = ModuleModel(module, signature, example, free, (DYNAMO, LEGACY), bounds=bounds)
    about = About("keras", keras.__version__, file.version, file.description, file.loads)
    return KerasSource(made, about, request, marks=mask_values(model, inputs, names))


def _keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    if keras.backend.backend() != "torch":
        raise ConversionError(f"Keras was started on {keras.backend.backend()} in this process, not on torch")
    return keras


def _loaded(keras: Any, file: KerasFile) -> Any:
    sentence = (
        f"{file.path.name}, written by Keras {file.version}, cannot be read by Keras {keras.__version__}"
    )
    try:
        with translated(
            SourceError, sentence, "save it again as .keras, with a released Keras: model.save('model.keras')"
        ):
            return keras.saving.load_model(file.path, compile=False, safe_mode=True)
    except WorkerError as error:
        if _numbers(file.version or "") > _numbers(keras.__version__):
            error.environment = TENSORFLOW  # whose Keras is newer, maybe
        raise


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]


def _wrapped(keras: Any, model: Any) -> Any:
    """A module that takes the model's inputs in their order and gives its outputs as a tuple."""
    import torch

    structure = getattr(model, "_inputs_struct", None)
    if structure is None:  # a Sequential model
        structure = model.inputs[0]

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            given = keras.tree.pack_sequence_as(structure, tensors)
            return tuple(keras.tree.flatten(self.model(given, training=False)))

    return Wrapped().eval()
