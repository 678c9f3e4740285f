"""Rows in groups whose borders depend on the rows alone: each has so many rows, or so many bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

GROUP_ROWS = 131_072
GROUP_BYTES = 32 << 20
"""A group of rows is in memory at once, and so is what is written of it."""


class Groups:
    """Takes batches of any size and gives groups back."""

    def __init__(self, schema: pa.Schema, rows: int = GROUP_ROWS, size_bytes: int = GROUP_BYTES) -> None:
        self._schema = schema
        self._width = sum(_fixed_width(kind) for kind in schema.types)
        self._max_rows = max(1, min(rows, size_bytes // max(1, self._width)))
        self._max_bytes = size_bytes
        self._varying = [place for place, kind in enumerate(schema.types) if _varies(kind)]
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Every group that is full by now."""
        ends = self._ends(batch) if self._varying else None
        start = 0
        while start < batch.num_rows:
            count = self._fitting(start, batch.num_rows, ends)
            self._waiting.append(batch.slice(start, count))
            start += count
            self._rows += count
            if ends is not None:
                self._bytes += ends[start - 1].as_py() - (
                    ends[start - count - 1].as_py() if start > count else 0
                )
            if self._rows == self._max_rows or self._bytes >= self._max_bytes:
                yield self._take()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """The last group, when there is one."""
        if self._waiting:
            yield self._take()

    def _fitting(self, start: int, stop: int, ends: pa.Array | None) -> int:
        """How many of the rows complete the group, at most: the row that reaches the bytes is its last."""
        count = min(stop - start, self._max_rows - self._rows)
        if ends is None:
            return count
        before = ends[start - 1].as_py() if start else 0
        full = self._max_bytes - self._bytes + before
        reached = bisect_left(range(count), full, key=lambda row: ends[start + row].as_py())
        return min(count, reached + 1)

    def _take(self) -> pa.RecordBatch:
        group = self._waiting[0] if len(self._waiting) == 1 else pa.concat_batches(self._waiting)
        self._waiting, self._rows, self._bytes = [], 0, 0
        return group

    def _ends(self, batch: pa.RecordBatch) -> pa.Array:
        """How many bytes the rows of a batch take, up to and with each."""
        total: pa.Array = pa.repeat(pa.scalar(self._width, pa.int64()), batch.num_rows)
        for place in self._varying:
            total = pc.add(total, _varying_bytes(batch.column(place)))
        return pc.cumulative_sum(total)


def _fixed_width(kind: pa.DataType) -> int:
    """The bytes that every value takes; texts and lists: those of their offset."""
    if isinstance(kind, pa.BaseExtensionType):
        return _fixed_width(kind.storage_type)
    if pa.types.is_fixed_size_list(kind):
        return int(kind.list_size * _fixed_width(kind.value_type))
    if pa.types.is_struct(kind):
        return sum(_fixed_width(field.type) for field in kind)
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return 8


def _varies(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        return _varies(kind.storage_type)
    if pa.types.is_struct(kind) or pa.types.is_fixed_size_list(kind):
        return any(_varies(kind.field(place).type) for place in range(kind.num_fields))
    return _is_list(kind) or pa.types.is_binary(kind) or pa.types.is_string(kind) or _is_large(kind)


def _is_large(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_binary(kind) or pa.types.is_large_string(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind))


def _varying_bytes(column: pa.Array) -> pa.Array:
    """The bytes of each value beyond those that all values of the type take; null takes none."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _varying_bytes(column.storage)
    if pa.types.is_struct(kind):
        parts = [_varying_bytes(child) for child in column.flatten() if _varies(child.type)]
        total = parts[0]
        for part in parts[1:]:
            total = pc.add(total, part)
        return total
    if pa.types.is_fixed_size_list(kind):
        ends = _child_ends(column.values.slice(column.offset * kind.list_size, len(column) * kind.list_size))
        places = pc.cumulative_sum(pa.repeat(pa.scalar(kind.list_size, pa.int64()), len(column)))
        sizes = pc.subtract(ends.take(places), ends.take(pc.subtract(places, kind.list_size)))
    elif _is_list(kind):
        values = (
            pa.StructArray.from_arrays([column.keys, column.items], ["k", "v"])
            if pa.types.is_map(kind)
            else column.values
        )
        ends = _child_ends(values)
        offsets = column.offsets.cast(pa.int64())
        sizes = pc.subtract(ends.take(offsets.slice(1)), ends.take(offsets.slice(0, len(column))))
    else:
        sizes = pc.binary_length(column).cast(pa.int64())
    if column.null_count:
        sizes = pc.if_else(column.is_valid(), sizes, 0)
    return sizes


def _child_ends(values: pa.Array) -> pa.Array:
    """The bytes of all elements before each, and of all."""
    sizes = pa.repeat(pa.scalar(_fixed_width(values.type), pa.int64()), len(values))
    if _varies(values.type):
        sizes = pc.add(sizes, _varying_bytes(values))
    return pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(sizes)])
