"""Answers as lines: JSON objects, or CSV with a column for each value."""

from __future__ import annotations

import csv
import io

from edge.output import StreamError
from runtimes.core.answers import parts_of
from runtimes.core.documents import write
from runtimes.core.errors import ModelError
from runtimes.core.shapes import batch_of
from runtimes.core.tensors import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.signature import Signature, TensorSpec

    Answer = dict[str, object]

_SINGULAR = {"predictions": "prediction", "probabilities": "probability", "scores": "score"}


class JsonLines:
    """One JSON object a line."""

    def __init__(self, _signature: Signature) -> None:
        self.header = ""

    def line(self, answer: Answer) -> str:
        """The line of one answer or error."""
        return write(answer) + "\n"


class CsvLines:
    """One line for each row, with all values of its answer; the last column is for errors."""

    def __init__(self, signature: Signature) -> None:
        self._names = _columns(signature)
        self.header = _line([*self._names, "error"])

    def line(self, answer: Answer) -> str:
        """The line of one answer or error."""
        error = answer.get("error")
        if isinstance(error, dict):
            return _line([*[""] * len(self._names), f"line {error['line']}: {error['message']}"])
        cells = [cell for value in answer.values() for cell in _flat(value)]
        if len(cells) != len(self._names):
            message = f"an answer has {len(cells)} values, and the manifest promises {len(self._names)}"
            raise ModelError(message)
        return _line([*cells, ""])


WRITERS: dict[str, type[JsonLines | CsvLines]] = {"jsonl": JsonLines, "csv": CsvLines}


def _columns(signature: Signature) -> list[str]:
    """A name for each value of an answer, in the order in which it holds them."""
    parts = parts_of(signature)
    names = []
    for part, places in parts.items():
        for target, place in enumerate(places):
            name = _SINGULAR[part] if len(places) == 1 else f"{_SINGULAR[part]}_{target}"
            names += _named(name, signature.outputs[place], signature)
    taken = {place for places in parts.values() for place in places}
    for place, spec in enumerate(signature.outputs):
        if place not in taken:
            names += _named(spec.name, spec, signature)
    return names


def _named(name: str, spec: TensorSpec, signature: Signature) -> list[str]:
    dims = spec.shape[1:] if spec.shape[:1] == (batch_of(signature),) else spec.shape
    sizes = tuple([dim for dim in dims if isinstance(dim, int)])
    if len(sizes) != len(dims):
        raise StreamError(f"{spec.name} has no fixed size, so it fits no columns: take --output jsonl")
    count = size_of(sizes)
    if count == 1:
        return [name]
    classes = spec.class_labels or signature.class_labels
    by_class = spec.role in ("probabilities", "scores") and len(classes) == count
    return [f"{name}_{item}" for item in (classes if by_class else range(count))]


def _flat(value: object) -> list[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [cell for item in value for cell in _flat(item)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return ["" if value is None else value]


def _line(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
