"""Nested lists, as JSON has them, to buffers and back.

At C speed when all is well; element by element only to say which one is not.
"""

from __future__ import annotations

import struct
from array import array
from itertools import chain

from runtimes.core.tensors import (
    DTYPES,
    FLOATS,
    MISSING_TEXT,
    Tensor,
    has_nonfinite,
    normal_booleans,
    size_of,
)

KIND_OF_DTYPE = {
    "bool": "boolean",
    "string": "text",
    "float16": "number",
    "float32": "number",
    "float64": "number",
}
"""What a tensor takes in JSON; every other dtype takes ``integer``."""

NUMBERS = frozenset((float, int))
_TAKES: dict[str, frozenset[type] | set[type]] = {
    "number": NUMBERS,
    "integer": {int},
    "boolean": {bool},
    "text": {str},
}
_EXPECTED = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "text": "text"}
_FOUND = {
    bool: "true or false",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    type(None): "null",
}
_NAN = float("nan")
_MANY, _WIDE = 1024, 16


class MisfitError(Exception):
    """A value does not fit. ``position`` is its place: one index for each level that was entered."""

    def __init__(self, position: tuple[int, ...], reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


def flatten(value: object, rank: int) -> tuple[list[object], tuple[int, ...]]:
    """The leaves of ``rank`` nested lists, and the shape. Ragged lists are a misfit."""
    level: list[object] = [value]
    shape: tuple[int, ...] = ()
    for _ in range(rank):
        first = len(level[0]) if level and isinstance(level[0], (list, tuple)) else 0
        for item in level:
            if not isinstance(item, (list, tuple)) or len(item) != first:
                raise _ragged(level, shape, first)
        level = list(chain.from_iterable(level))  # type: ignore[arg-type]
        shape += (first,)
    return level, shape


def pack_nested(
    value: object, rank: int, dtype: str, kind: str, nullable: bool = False
) -> tuple[bytes | list[str], tuple[int, ...]]:
    """``rank`` nested lists as ``pack`` packs their leaves, and the shape; a misfit has its place in them."""
    if rank and kind == "number":
        rows, outer = flatten(value, rank - 1)
        data = _pack_rows(rows, dtype)
        if data is not None:
            return data, (*outer, len(rows[0]))  # type: ignore[arg-type]
    flat, shape = flatten(value, rank)
    try:
        return pack(flat, dtype, kind, nullable), shape
    except MisfitError as misfit:
        raise MisfitError(position_of(misfit.position[0], shape), misfit.reason) from None


def pack(flat: list[object], dtype: str, kind: str, nullable: bool = False) -> bytes | list[str]:
    """Exactly these values in this dtype, or a misfit at a flat index. ``nullable``: null becomes NaN."""
    if set(map(type, flat)) <= _TAKES[kind]:
        if dtype == "string":
            if _encodes(flat) and MISSING_TEXT not in flat:
                return flat  # type: ignore[return-value]
        else:
            try:
                data = pack_numbers(flat, dtype)
            except (OverflowError, struct.error):
                pass
            else:
                if dtype not in FLOATS or not has_nonfinite(data, dtype):
                    return data
    values = [_checked(value, index, dtype, kind, nullable) for index, value in enumerate(flat)]
    return values if dtype == "string" else pack_numbers(values, dtype)  # type: ignore[return-value]


def _pack_rows(rows: list[object], dtype: str) -> bytes | None:
    """Lists of one length, row by row and without a look at the type of each number; else None.

    ``struct`` refuses texts, nulls, lists and rows of another length. It takes true and false, as 1 and 0:
    where neither of these is among the elements, there was none of those.
    """
    first = rows[0] if rows else None
    width = len(first) if isinstance(first, list) else 0
    if len(rows) * width < _MANY or width < _WIDE:
        return None
    pack_row = struct.Struct(f"<{width}{DTYPES[dtype][0]}").pack
    try:
        data = b"".join([pack_row(*row) for row in rows])  # type: ignore[misc]
    except (TypeError, OverflowError, struct.error):
        return None
    if dtype in FLOATS and has_nonfinite(data, dtype):
        return None
    suspect = bytes(DTYPES[dtype][1]) in data or struct.pack(f"<{DTYPES[dtype][0]}", 1) in data
    if suspect and not NUMBERS.issuperset(map(type, chain.from_iterable(rows))):  # type: ignore[arg-type]
        return None
    return data


def position_of(index: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The place of a flat index in a shape."""
    position: tuple[int, ...] = ()
    for dim in reversed(shape):
        position = (index % dim, *position)
        index //= dim
    return position


def to_list(tensor: Tensor) -> object:
    """The tensor as nested lists. JSON has no NaN and no infinity: they become ``None``."""
    data, shape = tensor.data, tensor.shape
    code = DTYPES[tensor.dtype][0]
    if type(data) is not bytes or code == "e" or 0 in shape:
        return nest(to_flat(tensor), shape)
    if tensor.dtype in FLOATS and has_nonfinite(data, tensor.dtype):
        return nest(to_flat(tensor), shape)
    return memoryview(data).cast(code, shape).tolist()  # type: ignore[call-overload]


def to_flat(tensor: Tensor) -> list[object]:
    """The elements in a flat list, with ``None`` in place of what JSON cannot say."""
    data = tensor.data
    if isinstance(data, list):
        return list(data)
    if type(data) is not bytes:
        data = tensor.to_bytes()
    if tensor.dtype == "float16":
        values: list[object] = list(struct.unpack(f"<{len(data) // 2}e", data))
    else:
        values = memoryview(data).cast(DTYPES[tensor.dtype][0]).tolist()  # type: ignore[call-overload]
    if tensor.dtype in FLOATS and has_nonfinite(data, tensor.dtype):
        return [value if isinstance(value, float) and value - value == 0 else None for value in values]
    return values


def nest(flat: list[object], shape: tuple[int, ...]) -> object:
    """A flat list cut to a shape."""
    if not shape:
        return flat[0]
    for axis in range(len(shape) - 1, 0, -1):
        width = shape[axis]
        flat = [flat[at * width : (at + 1) * width] for at in range(size_of(shape[:axis]))]
    return flat


def brief(value: object) -> str:
    """What was found, in a few words, for a message."""
    if isinstance(value, (bool, int, float)):
        text = "a whole number" if isinstance(value, int) and abs(value) >= 10**20 else repr(value)
        return {"True": "true", "False": "false"}.get(text, text)
    return _FOUND.get(type(value), f"a {type(value).__name__}")


def _ragged(level: list[object], shape: tuple[int, ...], first: int) -> MisfitError:
    for index, item in enumerate(level):
        place = position_of(index, shape)
        if not isinstance(item, (list, tuple)):
            return MisfitError(place, f"must be a list, not {brief(item)}")
        if len(item) != first:
            return MisfitError(place, f"has {len(item)} values where the others have {first}")
    raise AssertionError("the level is regular")


def pack_numbers(values: list[object], dtype: str) -> bytes:
    """Values that are known to fit, as the dtype lies in memory."""
    code = DTYPES[dtype][0]
    if code == "?":
        return normal_booleans(bytes(values))  # type: ignore[arg-type]
    if dtype in FLOATS:
        return struct.pack(f"<{len(values)}{code}", *values)
    return array(code, values).tobytes()  # type: ignore[type-var]


def _encodes(flat: list[object]) -> bool:
    try:
        "".join(flat).encode("utf-8")  # type: ignore[arg-type]
    except UnicodeEncodeError:
        return False
    return True


def _checked(value: object, index: int, dtype: str, kind: str, nullable: bool) -> object:
    """The value as it can be packed, or the reason why it cannot."""
    if value is None and nullable and (dtype in FLOATS or dtype == "string"):
        return MISSING_TEXT if dtype == "string" else _NAN
    if kind == "integer" and type(value) is float and value.is_integer():
        value = int(value)
    if type(value) not in _TAKES[kind]:
        raise MisfitError((index,), f"must be {_EXPECTED[kind]}, not {brief(value)}")
    if dtype == "string":
        if not _encodes([value]):
            raise MisfitError((index,), "must be text that UTF-8 can hold; it has half of a surrogate pair")
        if value == MISSING_TEXT:
            raise MisfitError((index,), "must be text; for a missing one write null")
        return value
    if isinstance(value, float) and value - value != 0:
        raise MisfitError((index,), f"must be a finite number, not {value!r}")
    try:
        data = pack_numbers([value], dtype)
    except (OverflowError, struct.error):
        data = None
    if data is None or (dtype in FLOATS and has_nonfinite(data, dtype)):
        raise MisfitError((index,), f"is too large for {dtype}: {brief(value)}")
    return value
