"""Holds a written TFLite file to the source's own answers, in the worker that wrote it."""

from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.signature import Signature
from packager.converters.tensors import Array, array_of
from packager.converters.tflite.checks import check_operators
from packager.converters.tflite.interpreter import Answers
from packager.converters.tflite.reading import served
from packager.converters.tflite.structure import read_structure

# What is a wrong graph; what single precision moves is left to the gate on the engine that ships.
_RELATIVE, _ABSOLUTE = 1e-2, 1e-3
# Of the rows, how many may meet a threshold of a tree in single precision.
_ODD_ROWS = 0.02


def open_written(path: Path, signature: Signature) -> Answers:
    """The file as it will be served; refused with custom operators, or other names than the signature's."""
    stored = read_structure(path)
    check_operators(stored)
    found = served(stored)
    for specs, tensors in ((signature.inputs, found.inputs), (signature.outputs, found.outputs)):
        wanted = {spec.name: spec.dtype for spec in specs}
        made = {name: tensor.dtype for name, tensor in tensors.items()}
        if wanted != made:
            raise ConversionError(f"The TFLite file has {made} in place of {wanted}")
    return Answers(path.read_bytes(), found)


def prove(path: Path, signature: Signature, cases: list[dict[str, Any]]) -> None:
    """Raises ConversionError, with the first difference, where the file is not the model."""
    answers = open_written(path, signature)
    for case in cases:
        made = answers.of({name: array_of(tensor) for name, tensor in case["inputs"].items()})
        for name, tensor in case["outputs"].items():
            _compare(name, array_of(tensor), made[name])


def _compare(name: str, own: Array, made: Array) -> None:
    if own.shape != made.shape:
        raise ConversionError(
            f"The TFLite file answers {name} with shape {list(made.shape)}, the model with {list(own.shape)}"
        )
    if own.size == 0:
        return
    if own.dtype.kind == "f":
        apart = ~np.isclose(own, made, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True)
    else:
        apart = own != made
    odd = apart.reshape(len(apart), -1).any(axis=1) if apart.ndim else apart.reshape(1)
    if odd.sum() > max(1, _ODD_ROWS * odd.size) or (odd.size < 2 and odd.any()):
        raise ConversionError(
            f"The TFLite file answers {int(odd.sum())} of {odd.size} rows otherwise than the model ({name})",
            hint="build ONNX: leave out --format tflite",
        )
