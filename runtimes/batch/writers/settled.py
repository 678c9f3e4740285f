"""Columns as they lie in memory, settled by their values alone.

What lies where a value is missing, and in the bits after the last value, is up to whoever made the column;
Arrow's file format writes it down all the same.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def settled(column: pa.Array) -> pa.Array:
    """The same values; where one is missing there is nothing, or zeros."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, settled(column.storage))
    if pa.types.is_struct(kind):
        children = [settled(child) for child in column.flatten()]
        return _rebuilt(column, [_validity(column)], children)
    if pa.types.is_fixed_size_list(kind):
        return _rebuilt(column, [_validity(column)], [settled(_elements(column))])
    if pa.types.is_map(kind):
        taken = column.take(_places(len(column)))
        fields = [kind.key_field, kind.item_field]
        entries = pa.StructArray.from_arrays([settled(taken.keys), settled(taken.items)], fields=fields)
        return _rebuilt(taken, taken.buffers()[:2], [entries])
    if kind.num_fields:
        taken = column.take(_places(len(column)))
        return _rebuilt(taken, taken.buffers()[:2], [settled(taken.values)])
    if column.null_count == 0 and not pa.types.is_boolean(kind):
        return column
    return column.take(_places(len(column)))


def _rebuilt(column: pa.Array, buffers: list[pa.Buffer | None], children: list[pa.Array]) -> pa.Array:
    return pa.Array.from_buffers(column.type, len(column), buffers, children=children)


def _validity(column: pa.Array) -> pa.Buffer | None:
    """A bit for each value, set where there is one."""
    return settled(column.is_valid()).buffers()[1] if column.null_count else None


def _elements(column: pa.Array) -> pa.Array:
    """The elements of lists of fixed size; none of those that are missing."""
    size = column.type.list_size
    elements = column.values.slice(column.offset * size, len(column) * size)
    if not column.null_count or not size:
        return elements
    places = _places(len(elements))
    there = column.is_valid().take(pc.divide(places, size))
    return elements.take(pc.if_else(there, places, None))


def _places(count: int) -> pa.Array:
    return pc.subtract(pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), count)), 1)
