"""Rows in groups whose borders depend on the rows alone: each has so many rows, or so many bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

GROUP_ROWS = 131_072
GROUP_BYTES = 16 << 20
"""A group of rows is in memory at once, and so is what is written of it."""


class Groups:
    """Takes batches of any size and gives groups back.

    How many bits a row takes is counted only where the group may be full: of texts Arrow knows at once what
    they take together.
    """

    def __init__(self, schema: pa.Schema, rows: int = GROUP_ROWS, size_bytes: int = GROUP_BYTES) -> None:
        self._width = sum(_fixed_bits(kind) for kind in schema.types)
        self._max_bits = 8 * size_bytes
        self._max_rows = max(1, min(rows, self._max_bits // max(1, self._width)))
        self._varying = [place for place, kind in enumerate(schema.types) if _varies(kind)]
        self._flat = all(not schema.types[place].num_fields for place in self._varying)
        self._begin()

    def add(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Every group that is full by now."""
        while batch.num_rows:
            part = batch.slice(0, self._max_rows - self._rows)
            part = part.slice(0, self._fitting(part) if self._varying else None)
            self._waiting.append(part)
            self._rows += part.num_rows
            batch = batch.slice(part.num_rows)
            if self._rows == self._max_rows or self._bits >= self._max_bits:
                yield self._take()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """The last group, when there is one."""
        if self._waiting:
            yield self._take()

    def _begin(self) -> None:
        self._waiting: list[pa.RecordBatch] = []
        self._uncounted: list[pa.RecordBatch] = []
        self._rows = self._bits = self._at_most = 0

    def _take(self) -> pa.RecordBatch:
        group = self._waiting[0] if len(self._waiting) == 1 else pa.concat_batches(self._waiting)
        self._begin()
        return group

    def _fitting(self, part: pa.RecordBatch) -> int:
        """How many of the rows the group takes: the one that reaches the bits is its last."""
        count: int = part.num_rows
        if self._flat:
            self._at_most += self._width * count + sum(
                8 * part.column(place).nbytes for place in self._varying
            )
        if self._flat and self._at_most < self._max_bits:
            self._uncounted.append(part)
            return count
        self._bits += sum(self._ends(one)[-1].as_py() for one in self._uncounted)
        ends = self._ends(part)
        reached = bisect_left(range(count), self._max_bits - self._bits, key=lambda row: ends[row].as_py())
        fitting = min(count, reached + 1)
        self._bits += ends[fitting - 1].as_py()
        self._uncounted, self._at_most = [], self._bits
        return fitting

    def _ends(self, batch: pa.RecordBatch) -> pa.Array:
        """How many bits the rows of a batch take, up to and with each."""
        total: pa.Array = pa.repeat(pa.scalar(self._width, pa.int64()), batch.num_rows)
        for place in self._varying:
            total = pc.add(total, _varying_bits(batch.column(place)))
        return pc.cumulative_sum(total)


def _fixed_bits(kind: pa.DataType) -> int:
    """The bits that every value takes; of texts and lists: those of their offset."""
    if isinstance(kind, pa.BaseExtensionType):
        return _fixed_bits(kind.storage_type)
    if pa.types.is_fixed_size_list(kind):
        return int(kind.list_size * _fixed_bits(kind.value_type))
    if pa.types.is_struct(kind):
        return sum(_fixed_bits(field.type) for field in kind)
    if _varies(kind):
        return 64 if _is_large(kind) else 32
    return 0 if pa.types.is_null(kind) else int(kind.bit_width)


def _varies(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        return _varies(kind.storage_type)
    if pa.types.is_struct(kind) or pa.types.is_fixed_size_list(kind):
        return any(_varies(kind.field(place).type) for place in range(kind.num_fields))
    return bool(_is_list(kind) or pa.types.is_binary(kind) or pa.types.is_string(kind) or _is_large(kind))


def _is_large(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_large_binary(kind) or pa.types.is_large_string(kind) or pa.types.is_large_list(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind))


def _varying_bits(column: pa.Array) -> pa.Array:
    """The bits of each value beyond those that all values of the type take; null takes none."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _varying_bits(column.storage)
    if pa.types.is_struct(kind):
        parts = [_varying_bits(child) for child in column.flatten() if _varies(child.type)]
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
        sizes = pc.multiply(pc.binary_length(column).cast(pa.int64()), 8)
    if column.null_count:
        sizes = pc.if_else(column.is_valid(), sizes, 0)
    return sizes


def _child_ends(values: pa.Array) -> pa.Array:
    """The bits of all elements before each, and of all."""
    sizes = pa.repeat(pa.scalar(_fixed_bits(values.type), pa.int64()), len(values))
    if _varies(values.type):
        sizes = pc.add(sizes, _varying_bits(values))
    return pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(sizes)])
