"""The columns of JSON lines and their types, told from the beginning of a file."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import pyarrow as pa

_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
}
_SMALLEST, _LARGEST, _LARGEST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


def types_of(rows: list[dict[str, Any]], missing: tuple[str, ...] = ()) -> dict[str, pa.DataType]:
    """The type of each column, in the order in which they come: what most of its values are, so that a few
    that are wrong do not change it. Objects, and what is one thing as often as another, are texts (of JSON).
    A text that is ``missing`` tells no type.
    """
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: _type_of([_told(row.get(name), missing) for row in rows]) or pa.string() for name in names}


def _told(value: Any, missing: tuple[str, ...]) -> Any:
    return None if missing and value.__class__ is str and value in missing else value


def _type_of(values: list[Any]) -> pa.DataType | None:
    """None where they are of no one type."""
    types = Counter(map(type, values))
    counts: Counter[str] = Counter()
    for type_, count in types.items():
        counts[_KINDS[type_]] += count
    del counts["null"]
    if not counts:
        return pa.null()
    kind, count = counts.most_common(1)[0]
    if 2 * count <= counts.total() or kind == "object":
        return None
    if kind == "list":
        inner = _type_of(list(chain.from_iterable(value for value in values if type(value) is list)))
        return None if inner is None else pa.list_(inner)
    if kind == "number":
        return pa.float64() if types[float] else _whole([value for value in values if type(value) is int])
    return pa.bool_() if kind == "boolean" else pa.string()


def _whole(values: list[int]) -> pa.DataType:
    low, high = min(values), max(values)
    if low >= _SMALLEST and high <= _LARGEST:
        return pa.int64()
    return pa.uint64() if low >= 0 and high <= _LARGEST_UNSIGNED else pa.float64()
