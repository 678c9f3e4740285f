"""Tensors as exactly the same numbers in another dtype: whole numbers as floats, shorter floats as longer.

An image sent as ``uint8`` is a quarter of the same as ``float32``. Nothing is rounded: a value that the other
dtype does not hold is refused, as are floats for whole numbers, and doubles for floats.
"""

from __future__ import annotations

import struct

from runtimes.core.errors import RequestError
from runtimes.core.tensors import DTYPES, FLOATS, Tensor

_DIGITS = {"float16": 11, "float32": 24, "float64": 53}
"""How many binary digits a float holds."""
_NEVER = ("bool", "string")
_planes: dict[tuple[str, str], tuple[bytes, list[bytes]]] = {}


def may_cast(source: str, dtype: str) -> bool:
    """Whether some values of ``source`` are taken as ``dtype``."""
    if source == dtype:
        return True
    if source in _NEVER or dtype in _NEVER:
        return False
    return source not in FLOATS or (dtype in FLOATS and DTYPES[source][1] < DTYPES[dtype][1])


def cast(tensor: Tensor, dtype: str, field: str) -> Tensor:
    """The tensor in ``dtype``; as it is, where that is never taken."""
    if tensor.dtype == dtype or not may_cast(tensor.dtype, dtype):
        return tensor
    raw = tensor.to_bytes()
    planes = _by_planes(raw, tensor.dtype, dtype) if DTYPES[tensor.dtype][1] == 1 else None
    return Tensor(dtype, tensor.shape, planes or _by_values(raw, tensor.dtype, dtype, field))


def _by_planes(raw: bytes, source: str, dtype: str) -> bytearray | None:
    """Byte by byte of the wider elements, each through a table; None where a value does not fit."""
    tables = _planes.get((source, dtype))
    if tables is None:
        tables = _planes[source, dtype] = _tables(source, dtype)
    unfit, planes = tables
    if unfit and len(raw.translate(None, unfit)) != len(raw):
        return None
    width = len(planes)
    data = bytearray(len(raw) * width)
    for at, table in enumerate(planes):
        if table.strip(b"\0"):
            data[at::width] = raw.translate(table)
    return data


def _tables(source: str, dtype: str) -> tuple[bytes, list[bytes]]:
    """The bytes whose values do not fit; and for each byte of an element, what it is for every one."""
    code, width = DTYPES[dtype]
    unfit, elements = bytearray(), []
    for byte, value in enumerate(struct.unpack(f"256{DTYPES[source][0]}", bytes(range(256)))):
        try:
            elements.append(struct.pack(f"<{code}", value))
        except struct.error:
            unfit.append(byte)
            elements.append(bytes(width))
    return bytes(unfit), [bytes([element[at] for element in elements]) for at in range(width)]


def _by_values(raw: bytes, source: str, dtype: str, field: str) -> bytes:
    values = struct.unpack(f"<{len(raw) // DTYPES[source][1]}{DTYPES[source][0]}", raw)
    try:
        data = _packed(values, dtype)
    except (struct.error, OverflowError):
        return _refuse(values, dtype, field)
    if (
        source not in FLOATS
        and DTYPES[source][1] * 8 > _DIGITS.get(dtype, 64)
        and _read(data, dtype) != values
    ):
        return _refuse(values, dtype, field)
    return data


def _packed(values: tuple[float, ...], dtype: str) -> bytes:
    return struct.pack(f"<{len(values)}{DTYPES[dtype][0]}", *values)


def _read(data: bytes, dtype: str) -> tuple[float, ...]:
    return struct.unpack(f"<{len(data) // DTYPES[dtype][1]}{DTYPES[dtype][0]}", data)


def _refuse(values: tuple[float, ...], dtype: str, field: str) -> bytes:
    for at, value in enumerate(values):
        try:
            exact = _read(_packed((value,), dtype), dtype) == (value,)
        except (struct.error, OverflowError):
            exact = False
        if not exact:
            message = f"{field} is taken as {dtype}, which does not hold its element {at}: {value!r}"
            raise RequestError(message, field=field)
    raise AssertionError("every element is held")
