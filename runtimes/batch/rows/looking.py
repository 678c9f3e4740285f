"""A quick look over columns, which is all that good rows need, and a closer one that finds the bad ones."""

from __future__ import annotations

from math import isfinite

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from runtimes.batch.rows.columns import Column
from runtimes.core.tensors import FLOATS


def taken(column: Column, values: pa.Array) -> pa.Array | None:
    """The values in the input's dtype when all are taken, which is seen quickly where that is so; or None."""
    if not is_promising(column, values):
        return None
    cast = column.cast(values)
    return cast if is_harmless(column, cast) or not find([(column, values)]) else None


def is_promising(column: Column, values: pa.Array) -> bool:
    """Whether all values are taken that are well within the input's dtype."""
    if values.null_count and not column.nullable:
        return False
    return column.is_plain(values.type) or not find([(column, values)])


def is_harmless(column: Column, cast: pa.Array) -> bool:
    """Whether all numbers are well within the range and none is NaN, unless it may be missing."""
    if column.dtype not in FLOATS or has_harmless_sum(cast):
        return True
    return column.nullable and has_harmless_sum(pc.if_else(pc.is_nan(cast), None, cast))


def has_harmless_sum(values: pa.Array) -> bool:
    """Whether all numbers are well within the range: one that is not finite makes the sum such. Doubles have
    that of single precision, and half of it here, so that nothing near its end is rounded into it."""
    if pt.is_float64(values.type):
        values = pc.multiply(values, 2.0)
    total = pc.sum(values if pt.is_float32(values.type) else values.cast(pa.float32(), safe=False)).as_py()
    return total is None or isfinite(total)


def find(columns: list[tuple[Column, pa.Array]]) -> list[tuple[Column, pa.Array]]:
    """For each column, and in the order of the function, the places of values that are refused."""
    found = []
    for rule in (Column.misfits, Column.too_large, Column.unknown):
        for column, values in columns:
            mask = rule(column, values)
            places = None if mask is None else pc.indices_nonzero(mask)
            if places:
                found.append((column, places))
    return found
