"""The TFLite converter: a file that is taken as it is, checked, and answered by LiteRT's interpreter."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.onnx.trial import working_rows
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import NUMPY_TYPES, Signature, TensorSpec
from packager.converters.source import About, Written
from packager.converters.tensors import Array
from packager.converters.tflite.checks import check_operators
from packager.converters.tflite.folding import folded, runs_in_given_memory
from packager.converters.tflite.interpreter import Answers
from packager.converters.tflite.inventing import invent, table_sizes
from packager.converters.tflite.reading import Served, input_specs, served, with_outputs
from packager.converters.tflite.structure import Stored, read_structure

_BATCHES = (1, 2, 3)
_MADE_ROWS = 16
_FOLDED = "packager: sizes fixed"
_FIXED = "the model computes sizes while it runs: they are fixed for the sizes that the file begins with"
# What another order of additions changes; a batch that is none changes much more.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class TfliteSource:
    """An opened file: its answers are those of LiteRT's own interpreter."""

    found: Served
    signature: Signature
    about: About
    request: Request
    answers: Answers
    data: bytes
    notes: tuple[str, ...]

    def invent(self, count: int, seed: int) -> list[Rows]:
        return invent(self.signature, self.found, min(count, _MADE_ROWS), seed, self.answers.run)

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        return {spec.name: rows.columns[spec.name] for spec in self.signature.inputs}

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        return self.answers.of(self.tensors(rows))

    def write(self, dest: Path) -> Written:
        if self.request.format != "tflite":
            raise ConversionError(
                "A TFLite model is not converted to ONNX", hint="build it as it is: leave out --format"
            )
        dest.write_bytes(self.data)
        changed = self.data != self.request.source.read_bytes()
        return Written(None, _FOLDED if changed else "none: the model is TFLite already")


def open_source(request: Request) -> TfliteSource:
    stored = read_structure(request.source)
    check_operators(stored)
    found = served(stored)
    answers = Answers(request.source, found)
    about = About("tflite", version("ai-edge-litert"), stored.description or None, _description(stored))
    data = request.source.read_bytes()
    signature, notes = _signature(found, answers, data)
    if not runs_in_given_memory(data, found, _plain_inputs(found)):
        data, notes = _folded(data, found), (*notes, _FIXED)
        signature = _with_sizes_of(found, answers)
    return TfliteSource(found, signature, about, request, answers, data, found.notes + notes)


def _folded(data: bytes, found: Served) -> bytes:
    folded_data = folded(data, found, _plain_inputs(found))
    if not runs_in_given_memory(folded_data, found, _plain_inputs(found)):
        raise ConversionError(
            "The sizes of the model's answers depend on the values that it is given",
            hint="take a model whose answers have one size, such as the scores before they are sorted out",
        )
    return folded_data


def _plain_inputs(found: Served) -> dict[str, Array]:
    """Inputs of the sizes that the file begins with; places in a table may be 0, and masks true."""
    return {
        name: np.full(tensor.shape, tensor.dtype == "bool", NUMPY_TYPES[tensor.dtype])
        for name, tensor in found.inputs.items()
    }


def _signature(found: Served, answers: Answers, data: bytes) -> tuple[Signature, tuple[str, ...]]:
    """Free sizes where the file says so and the model really runs with several of them."""
    inputs = input_specs(found, free=True)
    if any(-1 in tensor.free for tensor in found.inputs.values()):
        try:
            return _with_free_sizes(inputs, found, answers, data), ()
        except ConversionError as error:
            sizes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in found.inputs.items())
            note = f"the file leaves sizes free, but the model runs with {sizes} alone: {error.message}"
            return _with_sizes_of(found, answers), (note,)
    return _with_sizes_of(found, answers), ()


def _with_sizes_of(found: Served, answers: Answers) -> Signature:
    """As the file begins: every size is fixed."""
    inputs = input_specs(found, free=False)
    seen = answers.of(_plain_inputs(found))
    return with_outputs(inputs, found, [{name: array.shape for name, array in seen.items()}], [1])


def _with_free_sizes(
    inputs: tuple[TensorSpec, ...], found: Served, answers: Answers, data: bytes
) -> Signature:
    """Proven at several sizes: each row is answered as if it were alone."""
    asked = Signature(inputs, ())
    batches = list(_BATCHES) if asked.rowwise else [1]
    shapes, made = [], []
    for batch in batches:
        for rows in working_rows(asked, batch, 0, answers.run, table_sizes(found)):
            seen = answers.of(rows.columns)
            if not runs_in_given_memory(data, found, rows.columns):
                raise ConversionError("it computes other sizes while it runs")
            made.append(batch)
            shapes.append({name: array.shape for name, array in seen.items()})
            if batch > 1:
                _check_rows(rows, seen, answers)
    return with_outputs(inputs, found, shapes, made)


def _check_rows(rows: Rows, together: Mapping[str, Array], answers: Answers) -> None:
    for at in range(len(rows)):
        alone = answers.of(rows.take(slice(at, at + 1)).columns)
        for name, array in together.items():
            follows = array.shape[:1] == (len(rows),)
            same = follows and np.allclose(
                array[at : at + 1], alone[name], rtol=_SAME, atol=_SAME, equal_nan=True
            )
            if not same:
                raise ConversionError(f"its {name} for a row depends on the other rows")


def _description(stored: Stored) -> str:
    kinds = Counter(
        operator.custom or operator.kind for graph in stored.graphs for operator in graph.operators
    )
    names = [name for name, _ in kinds.most_common(6)]
    shown = ", ".join(names) + (", …" if len(kinds) > 6 else "")
    return f"TFLite, {kinds.total()} operators ({shown})"
