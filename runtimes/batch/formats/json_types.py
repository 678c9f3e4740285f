"""The columns of JSON lines and their types, told from the beginning of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

_KINDS = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "object"}
_SMALLEST, _LARGEST, _LARGEST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


def types_of(rows: Iterable[dict[str, Any]]) -> dict[str, pa.DataType]:
    """The type of each column, in the order in which they come: what most of its values are, so that a few
    that are wrong do not change it. Objects, and what is one thing as often as another, are texts (of JSON).
    """
    seen: dict[str, _Seen] = {}
    for row in rows:
        for name, value in row.items():
            if name not in seen:
                seen[name] = _Seen()
            seen[name].add(value)
    return {name: one.type_of() or pa.string() for name, one in seen.items()}


class _Seen:
    """What the values of a column are, or the items of its lists."""

    __slots__ = ("_counts", "_has_fractions", "_high", "_items", "_low")

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._has_fractions = False
        self._low = self._high = 0
        self._items: _Seen | None = None

    def add(self, value: Any) -> None:
        """Take note of a value."""
        if value is None:
            return
        self._counts[_KINDS[type(value)]] += 1
        if type(value) is int:
            self._low, self._high = min(self._low, value), max(self._high, value)
        elif type(value) is float:
            self._has_fractions = True
        elif type(value) is list:
            self._items = self._items or _Seen()
            for item in value:
                self._items.add(item)

    def type_of(self) -> pa.DataType | None:
        """None where they are of no one type."""
        if not self._counts:
            return pa.null()
        kind, count = self._counts.most_common(1)[0]
        if 2 * count <= self._counts.total() or kind == "object":
            return None
        if kind == "list":
            inner = self._items.type_of() if self._items is not None else None
            return None if inner is None else pa.list_(inner)
        return self._number() if kind == "number" else {"boolean": pa.bool_(), "text": pa.string()}[kind]

    def _number(self) -> pa.DataType:
        if self._has_fractions:
            return pa.float64()
        if self._low >= _SMALLEST and self._high <= _LARGEST:
            return pa.int64()
        return pa.uint64() if self._low >= 0 and self._high <= _LARGEST_UNSIGNED else pa.float64()
