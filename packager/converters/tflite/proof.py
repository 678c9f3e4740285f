"""Holds a written TFLite file to the source's own answers, in the worker that wrote it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.files import write_bytes
from packager.converters.signature import Signature
from packager.converters.tensors import Array, array_of
from packager.converters.tflite.cases import Case
from packager.converters.tflite.checks import check_operators
from packager.converters.tflite.interpreter import Answers
from packager.converters.tflite.reading import served
from packager.converters.tflite.sizes import shippable
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


def prove(path: Path, signature: Signature, cases: list[Case]) -> None:
    """Raises ConversionError, with the first difference, where the file is not the model or not served."""
    answers = open_written(path, signature)
    by_sizes: dict[tuple[tuple[int, ...], ...], dict[str, Array]] = {}
    for case in cases:
        given = {name: array_of(tensor) for name, tensor in case["inputs"].items()}
        by_sizes.setdefault(tuple(array.shape for array in given.values()), given)
        made = answers.of(given)
        for name, tensor in case["outputs"].items():
            _compare(name, array_of(tensor), made[name])
    settle(path, answers, list(by_sizes.values()))


def settle(path: Path, answers: Answers, samples: Sequence[Mapping[str, Array]]) -> None:
    """The engine that ships wants to know the sizes of all answers before it runs: those become constants."""
    data = shippable(answers.data, answers.served, answers, list(samples))
    if data != answers.data:
        write_bytes(path, data)


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
