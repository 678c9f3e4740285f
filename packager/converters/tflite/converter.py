"""The TFLite converter: a file that is taken as it is, checked, and answered by LiteRT's interpreter."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from packager.converters.failure import ConversionError
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import Signature
from packager.converters.source import About, Written
from packager.converters.tensors import Array
from packager.converters.tflite.checks import check_operators
from packager.converters.tflite.interpreter import Answers
from packager.converters.tflite.inventing import invent
from packager.converters.tflite.reading import Served, served
from packager.converters.tflite.sizes import fit
from packager.converters.tflite.structure import Stored, read_structure

_MADE_ROWS = 16
_FOLDED = "packager: computed sizes made constant"


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
    about = About("tflite", version("ai-edge-litert"), stored.description or None, _description(stored))
    shipped = fit(request.source.read_bytes(), found)
    notes = found.notes + shipped.notes
    return TfliteSource(found, shipped.signature, about, request, shipped.answers, shipped.data, notes)


def _description(stored: Stored) -> str:
    kinds = Counter(
        operator.custom or operator.kind for graph in stored.graphs for operator in graph.operators
    )
    names = [name for name, _ in kinds.most_common(6)]
    shown = ", ".join(names) + (", …" if len(kinds) > 6 else "")
    return f"TFLite, {kinds.total()} operators ({shown})"
