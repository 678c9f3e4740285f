"""A model that TensorFlow runs: its answers, and its way to ONNX and to TFLite."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, SamplesError, WorkerError, translated
from packager.converters.inventing import FREE_SIZES, invent_tensors
from packager.converters.keras.layers import with_masked_steps
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import BATCH, NUMPY_TYPES, Dim, Signature, TensorSpec
from packager.converters.source import About, Written
from packager.converters.tensors import Array

_MADE_ROWS = 16
_MADE_PIECES = 4
_SIZES = (FREE_SIZES, (32, 64), (128, 160), (512, 576))
# What whole numbers a model takes is nowhere said; mostly they are places in a table of some rows.
_BOUNDS = (None, 10, 2)


Call = Callable[[list[Any]], list[Any]]
"""Takes tensors in the order of the inputs and gives the outputs in theirs."""


@dataclass(frozen=True, slots=True)
class TensorFlowSource:
    """A model with its signature.

    ``sizes``: two for each free dimension, with which it runs. ``bounds``: by input, its table's rows.
    ``marks``: by input, the value of steps to leave out.
    """

    call: Call
    signature: Signature
    about: About
    request: Request
    sizes: tuple[int, int] = FREE_SIZES
    bounds: Mapping[str, int] | None = None
    marks: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def invent(self, count: int, seed: int) -> list[Rows]:
        return [with_masked_steps(rows, self.marks) for rows in self._invented(count, seed)]

    def _invented(self, count: int, seed: int) -> list[Rows]:
        made = min(count, _MADE_ROWS)
        if not self.signature.rowwise or any(spec.batched for spec in self.signature.inputs):
            return invent_tensors(self.signature, made, seed, self.sizes, bounds=self.bounds)
        pieces = [
            invent_tensors(self.signature, made, seed + at, self.sizes, bounds=self.bounds)
            for at in range(_MADE_PIECES)
        ]
        return [_together(same) for same in zip(*pieces, strict=True)]

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        return {spec.name: rows.columns[spec.name] for spec in self.signature.inputs}

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        kind = SamplesError if self.request.samples else ConversionError
        hint = None if self.request.samples else "give rows of the real kind: --samples FILE"
        with translated(kind, "The model itself does not take these rows", hint):
            answers = run(self.call, [rows.columns[spec.name] for spec in self.signature.inputs])
        return dict(zip((spec.name for spec in self.signature.outputs), answers, strict=True))

    def write(self, dest: Path) -> Written:
        if self.request.format == "tflite":
            return self._write_lite(dest)
        from packager.converters.tensorflow.graph import write_onnx

        opset, converter = write_onnx(self.call, self.signature, self.request, dest)
        return Written(opset, converter)

    def _write_lite(self, dest: Path) -> Written:
        from packager.converters.tensorflow.lite import write_tflite
        from packager.converters.tensorflow.quantizing import quantizing

        asked = quantizing(self, self.request)
        signature, converter = write_tflite(self.call, self.signature, dest, asked)
        applied = (asked.applied(dest.read_bytes()),) if asked else ()
        return Written(None, converter, replace(self, signature=signature), applied)


def _together(pieces: tuple[Rows, ...]) -> Rows:
    """Batches of a fixed size, one after the other."""
    names = pieces[0].columns
    return Rows({name: np.concatenate([one.columns[name] for one in pieces]) for name in names})


def run(call: Call, arrays: list[Array]) -> list[Array]:
    import tensorflow as tf

    return [np.asarray(answer) for answer in call([tf.constant(array) for array in arrays])]


def read_source(
    call: Call,
    inputs: tuple[TensorSpec, ...],
    outputs: list[str],
    about: About,
    request: Request,
    bounds: Mapping[str, int] | None = None,
) -> TensorFlowSource:
    """The signature with its outputs: what their sizes follow shows when batch and free sizes change."""
    asked = Signature(inputs, ())
    failure: WorkerError | None = None
    for sizes in (
        _SIZES if any(isinstance(d, str) and d != BATCH for s in inputs for d in s.shape) else _SIZES[:1]
    ):
        for bound in _BOUNDS:
            chosen = bounds or ({spec.name: bound for spec in inputs} if bound else None)
            try:
                with translated(
                    ConversionError, "The model does not take inputs of the shapes that it states"
                ):
                    seen = _answers(call, asked, sizes, chosen)
            except WorkerError as error:
                failure = failure or error
            else:
                signature = Signature(inputs, _outputs(outputs, seen))
                return TensorFlowSource(call, signature, about, request, sizes, chosen)
    assert failure is not None  # noqa: S101 - every plan failed, so there is a first failure
    raise failure


def _answers(
    call: Call, asked: Signature, sizes: tuple[int, int], bounds: Mapping[str, int] | None
) -> list[tuple[dict[Dim, int], list[Array]]]:
    """What the model answers to two batches and two free sizes, each with the sizes that were asked."""
    seen = []
    for batch in (2, 3):
        for rows in invent_tensors(asked, batch, 0, sizes, bounds=bounds):
            given = [rows.columns[spec.name] for spec in asked.inputs]
            named: dict[Dim, int] = {}
            for spec, array in zip(asked.inputs, given, strict=True):
                named |= {
                    dim: size
                    for dim, size in zip(spec.shape, array.shape, strict=True)
                    if isinstance(dim, str)
                }
            seen.append((named, run(call, given)))
    return seen


def _outputs(names: list[str], seen: list[tuple[dict[Dim, int], list[Array]]]) -> tuple[TensorSpec, ...]:
    specs = []
    role: Any = "prediction" if len(names) == 1 else "tensor"
    for at, name in enumerate(names):
        arrays = [answers[at] for _, answers in seen]
        if len({array.ndim for array in arrays}) > 1:
            raise ConversionError(f"The model answers {name} with other numbers of dimensions at other sizes")
        shape = tuple(
            _followed([sizes for sizes, _ in seen], [array.shape[axis] for array in arrays], f"{name}_{axis}")
            for axis in range(arrays[0].ndim)
        )
        specs.append(TensorSpec(name, _dtype(name, arrays[0]), shape, role))
    return tuple(specs)


def _followed(asked: list[dict[Dim, int]], sizes: list[int], otherwise: str) -> Dim:
    if len(set(sizes)) == 1:
        return int(sizes[0])
    equal = [dim for dim in asked[0] if [named[dim] for named in asked] == sizes]
    return equal[0] if len(equal) == 1 else otherwise


def _dtype(name: str, array: Array) -> str:
    if array.dtype.name in NUMPY_TYPES:
        return array.dtype.name
    raise ConversionError(
        f"The model's output {name} holds {array.dtype.name}, which the runtime does not take"
    )
