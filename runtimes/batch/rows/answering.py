"""The model's outputs as columns: predictions, probabilities by class, scores, and what else it gives."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.rows.kinds import ARROW
from runtimes.batch.rows.labels import Labels, names_of
from runtimes.batch.rows.memory import array_over
from runtimes.core.answers import parts_of
from runtimes.core.shapes import batch_of
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import Tensor, size_of

_NAMES = {"predictions": "prediction", "probabilities": "probability", "scores": "score"}

MOST_TARGETS = 32
"""A prediction of more numbers for each row decides about no targets: it is one column of lists."""


class Answers:
    """Makes columns of outputs; ``fields`` are known before the first row."""

    def __init__(self, signature: Signature) -> None:
        batch = batch_of(signature)
        parts = parts_of(signature)
        taken = {at for places in parts.values() for at in places}
        self._outputs: list[tuple[int, _Split | _Whole]] = []
        for part, places in parts.items():
            for number, at in enumerate(places):
                name = _NAMES[part] if len(places) == 1 else f"{_NAMES[part]}_{number}"
                self._outputs.append((at, _part(part, name, signature.outputs[at], signature)))
        names = {field.name for _, output in self._outputs for field in output.fields}
        for at, spec in enumerate(signature.outputs):
            if at not in taken:
                name = f"output_{spec.name}" if spec.name in names else spec.name
                self._outputs.append((at, _Whole(spec, name, spec.shape[:1] == (batch,))))
        self.fields: list[pa.Field] = [field for _, output in self._outputs for field in output.fields]

    def columns(self, outputs: list[Tensor], rows: int) -> list[pa.Array]:
        """The answers to the first ``rows`` of the rows that these are the outputs for."""
        return [column for at, output in self._outputs for column in output.columns(outputs[at], rows)]


class _Split:
    """An output of one or several numbers for each row, each in a column of its own."""

    def __init__(self, names: list[str], labels: Labels) -> None:
        self._labels = labels
        self._places: pa.Array = pa.array([], pa.int32())
        self.fields = [pa.field(name, labels.type) for name in names]

    def columns(self, tensor: Tensor, rows: int) -> list[pa.Array]:
        values = self._labels.decoded(array_over(tensor))
        width = len(self.fields)
        if width == 1:
            return [values.slice(0, rows)]
        places = self._every(width, rows)
        return [values.slice(at).take(places) for at in range(width)]

    def _every(self, width: int, rows: int) -> pa.Array:
        """0, width, 2 * width …: where the values of the first column lie."""
        places = self._places
        if len(places) < rows:
            self._places = places = pa.array(range(0, rows * width, width), pa.int64())
        return places.slice(0, rows)


class _Whole:
    """An output as lists: those of fixed sizes where the signature says the sizes."""

    def __init__(self, spec: TensorSpec, name: str, by_row: bool) -> None:
        self._dims = spec.shape[1:] if by_row else spec.shape
        self._by_row = by_row
        kind = ARROW[spec.dtype]
        for dim in reversed(self._dims):
            kind = pa.list_(kind, dim) if isinstance(dim, int) else pa.list_(kind)
        self.fields = [pa.field(name, kind)]

    def columns(self, tensor: Tensor, rows: int) -> list[pa.Array]:
        values = array_over(tensor)
        sizes = tensor.shape[1:] if self._by_row else tensor.shape
        count = tensor.shape[0] if self._by_row else 1
        for at in reversed(range(len(sizes))):
            values = _listed(values, sizes[at], count * size_of(sizes[:at]), isinstance(self._dims[at], int))
        if self._by_row:
            return [values.slice(0, rows)]
        return [values.take(pa.array([0] * rows))]


def _listed(values: pa.Array, size: int, count: int, fixed: bool) -> pa.Array:
    if fixed:
        return pa.FixedSizeListArray.from_arrays(values, size)
    starts = pa.array(range(0, count * size + 1, size) if size else [0] * (count + 1), pa.int32())
    return pa.ListArray.from_arrays(starts, values)


def _part(part: str, name: str, spec: TensorSpec, signature: Signature) -> _Split | _Whole:
    width = spec.shape[1] if len(spec.shape) == 2 else 1
    many = part == "predictions" and isinstance(width, int) and width > MOST_TARGETS
    if len(spec.shape) > 2 or not isinstance(width, int) or many:
        return _Whole(spec, name, True)
    labels = Labels(spec, signature)
    numbers = [str(at) for at in range(width)]
    ends = numbers if part == "predictions" else _classes(spec, signature) or numbers
    return _Split([name] if width == 1 else [f"{name}_{end}" for end in ends], labels)


def _classes(spec: TensorSpec, signature: Signature) -> list[str]:
    """The classes of the columns; none where they are not as many."""
    labels = spec.class_labels or signature.class_labels
    return names_of(labels) if len(labels) == spec.shape[-1] else []
