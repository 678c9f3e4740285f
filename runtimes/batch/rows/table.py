"""The features of one input: their columns side by side in one tensor, row by row."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.rows.columns import Column, find, has_harmless_sum, is_harmless, is_promising
from runtimes.batch.rows.explaining import explain
from runtimes.batch.rows.kinds import plain
from runtimes.batch.rows.memory import Held, array_over, tensor_over
from runtimes.batch.work import Refused
from runtimes.core.signature import TensorSpec
from runtimes.core.tensors import FLOATS, MISSING_TEXT, Tensor


class Table:
    """Reads an input that has features. ``columns``: in the order of the tensor's."""

    def __init__(self, spec: TensorSpec, columns: list[Column]) -> None:
        self._dtype = spec.dtype
        self._columns = columns
        self._nullable = any(column.nullable for column in columns)

    def read(self, batch: pa.RecordBatch) -> Tensor | None:
        """The tensor of a batch whose values are all taken; None where a closer look is needed."""
        values = [batch.column(column.name) for column in self._columns]
        if not all(map(is_promising, self._columns, values)):
            return None
        tensor, cast = self._packed(values)
        if self._dtype not in FLOATS or self._is_harmless(tensor, cast):
            return tensor
        return None

    def read_joined(self, values: pa.Array) -> Tensor | None:
        """The same of rows that lie side by side already, where they lie; None also where that cannot be."""
        plain_ones = all(column.is_plain(values.type) for column in self._columns)
        if values.null_count or self._dtype not in FLOATS or not plain_ones:
            return None
        cast = self._columns[0].cast(values)
        shape = (len(values) // len(self._columns), len(self._columns))
        return tensor_over(cast, self._dtype, shape) if has_harmless_sum(cast) else None

    def pack(self, batch: pa.RecordBatch) -> Tensor:
        """The tensor of a batch that has been looked at."""
        return self._packed([batch.column(column.name) for column in self._columns])[0]

    def refusals(self, batch: pa.RecordBatch) -> list[Refused]:
        """Each row that has a value which is not taken, with the first of them."""
        values = {column.name: batch.column(column.name) for column in self._columns}
        refused: dict[int, Refused] = {}
        for column, places in find([(column, values[column.name]) for column in self._columns]):
            own = plain(values[column.name])
            for place in places.to_pylist():
                if place not in refused:
                    reason, message = explain(column, own[place])
                    refused[place] = Refused(place, column.name, reason, message)
        return list(refused.values())

    def _packed(self, values: list[pa.Array]) -> tuple[Tensor, list[pa.Array]]:
        widened = self._dtype == "float64" and all(own.type == pa.float32() for own in values)
        # Single precision is interleaved as it is: widened all at once, it takes half the time.
        dtype = "float32" if widened else self._dtype
        cast = values if widened else [column.cast(own) for column, own in zip(self._columns, values)]
        shape = (len(values[0]), len(values))
        if dtype == "string":
            return Tensor("string", shape, _texts(cast)), cast
        if len(cast) == 1 and not cast[0].null_count and dtype != "bool":
            tensor = tensor_over(cast[0], dtype, shape)
        else:
            tensor = _interleaved(cast, dtype, shape, self._nullable)
        if widened:
            tensor = tensor_over(array_over(tensor).cast(pa.float64()), "float64", shape)
        return tensor, cast

    def _is_harmless(self, tensor: Tensor, cast: list[pa.Array]) -> bool:
        if has_harmless_sum(array_over(tensor)):
            return True
        return self._nullable and all(map(is_harmless, self._columns, cast))


def _interleaved(columns: list[pa.Array], dtype: str, shape: tuple[int, ...], nullable: bool) -> Tensor:
    """The rows one after the other; null is NaN where ``nullable``."""
    if dtype == "bool":
        columns = [own.cast(pa.uint8()) for own in columns]
    joined = pa.RecordBatch.from_arrays(columns, [str(at) for at in range(len(columns))])
    view = memoryview(joined.to_tensor(row_major=True, null_to_nan=nullable)).cast("B")
    return Held(dtype, shape, pa.py_buffer(view).address, view)


def _texts(columns: list[pa.Array]) -> list[str]:
    """The texts row by row."""
    flat = [""] * (len(columns) * len(columns[0]))
    for at, column in enumerate(columns):
        filled = column.fill_null(MISSING_TEXT) if column.null_count else column
        flat[at :: len(columns)] = filled.to_pylist()
    return flat
