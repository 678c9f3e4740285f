"""Dates and times that ISO 8601 can write: Arrow's numbers reach further than four digits of a year."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from runtimes.batch.errors import JobError

_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY_S = 86_400
_FIRST_S = -62_135_596_800
"""The year 1 begins."""
_LAST_S = 253_402_300_800
"""The year 9999 ends."""


def check_times(columns: list[pa.Array], names: list[str]) -> None:
    """JobError names a column that holds a time without a text."""
    for name, column in zip(names, columns):
        value = _outside(column)
        if value is not None:
            raise JobError(
                f"the column {name} holds {value} as {column.type}, which is no time of the years 1 to 9999",
                "leave it out with --keep, or choose --output-format parquet",
            )


def _outside(column: pa.Array) -> int | None:
    """A value that has no text, when there is one."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _outside(column.storage)
    if pa.types.is_struct(kind):
        return next((found for child in column.flatten() if (found := _outside(child)) is not None), None)
    if pa.types.is_map(kind):
        found = _outside(column.keys)
        return _outside(column.items) if found is None else found
    if kind.num_fields:
        return _outside(column.flatten())
    limits = _limits(kind)
    if limits is None or column.null_count == len(column):
        return None
    bounds = pc.min_max(column.cast(pa.int32() if kind.bit_width == 32 else pa.int64()))
    lowest, highest = bounds["min"].as_py(), bounds["max"].as_py()
    if lowest < limits[0]:
        return int(lowest)
    return int(highest) if highest >= limits[1] else None


def _limits(kind: pa.DataType) -> tuple[int, int] | None:
    """The first number that a type can hold, and the first that it cannot any more."""
    if kind == pa.date32():
        return _FIRST_S // _DAY_S, _LAST_S // _DAY_S
    if kind == pa.date64():
        return _FIRST_S * 1000, _LAST_S * 1000
    if pa.types.is_time(kind):
        return 0, _DAY_S * _UNITS[kind.unit]
    if pa.types.is_timestamp(kind):
        return _FIRST_S * _UNITS[kind.unit], _LAST_S * _UNITS[kind.unit]
    return None
