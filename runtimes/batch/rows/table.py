"""The features of one input: their columns side by side in one tensor, row by row."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.rows.columns import Column
from runtimes.batch.rows.explaining import explain
from runtimes.batch.rows.kinds import ARROW, plain
from runtimes.batch.rows.looking import find, has_harmless_sum, is_harmless, is_promising
from runtimes.batch.rows.memory import tensor_over
from runtimes.batch.work import Refused
from runtimes.core.signature import TensorSpec
from runtimes.core.tensors import FLOATS, MISSING_TEXT, Tensor

_FLOATS = {pa.float32(), pa.float64()}


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
        tensor, judged = self._packed(values)
        if self._dtype not in FLOATS or has_harmless_sum(judged):
            return tensor
        # The sum of what may be missing says nothing, but for each column by itself.
        each = [column.cast(own) for column, own in zip(self._columns, values)] if self._nullable else []
        return tensor if each and all(map(is_harmless, self._columns, each)) else None

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

    def _packed(self, values: list[pa.Array]) -> tuple[Tensor, pa.Array]:
        """The tensor, and its numbers: those before they were made wider, if they were."""
        shape = (len(values[0]), len(values))
        if self._dtype == "string":
            return Tensor(
                "string", shape, _texts([self._cast(at, own) for at, own in enumerate(values)])
            ), None
        if not self._are_alike(values):
            values = [self._cast(at, own) for at, own in enumerate(values)]
        flat = values[0] if len(values) == 1 and not values[0].null_count else self._side_by_side(values)
        if self._dtype not in FLOATS:
            return tensor_over(flat, self._dtype, shape), flat
        cast = flat.cast(ARROW[self._dtype], safe=False)
        judged = flat if flat.type == pa.float32() and self._dtype != "float16" else cast
        return tensor_over(cast, self._dtype, shape), judged

    def _are_alike(self, values: list[pa.Array]) -> bool:
        """Whether all are floats of one type, which are made the input's dtype side by side, all at once."""
        types = {own.type for own in values}
        return self._dtype in FLOATS and len(types) == 1 and types <= _FLOATS

    def _cast(self, at: int, values: pa.Array) -> pa.Array:
        cast = self._columns[at].cast(values)
        return cast.cast(pa.uint8()) if self._dtype == "bool" else cast

    def _side_by_side(self, values: list[pa.Array]) -> pa.Array:
        """Columns of one type row by row, as one column; what is missing is NaN."""
        joined = pa.RecordBatch.from_arrays(values, [str(at) for at in range(len(values))])
        tensor = joined.to_tensor(row_major=True, null_to_nan=self._nullable)
        count = len(values) * len(values[0])
        return pa.Array.from_buffers(
            values[0].type, count, [None, pa.py_buffer(memoryview(tensor).cast("B"))]
        )


def _texts(columns: list[pa.Array]) -> list[str]:
    """The texts row by row."""
    flat = [""] * (len(columns) * len(columns[0]))
    for at, column in enumerate(columns):
        filled = column.fill_null(MISSING_TEXT) if column.null_count else column
        flat[at :: len(columns)] = filled.to_pylist()
    return flat
