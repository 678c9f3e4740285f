"""The outermost fields of a protocol buffer, read without its schema and without loading what they hold."""

import os
from pathlib import Path
from typing import IO

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


def fields(path: Path, most: int = 10_000) -> dict[int, int] | None:
    """Each field's number with its value (varint) or size (bytes); None when it is no protocol buffer.

    Source: the encoding guide of Protocol Buffers (tag = number << 3 | wire type).
    """
    found: dict[int, int] = {}
    size = path.stat().st_size
    with path.open("rb") as file:
        for _ in range(most):
            if file.tell() == size:
                return found
            field = _field(file, size)
            if field is None:
                return None
            found[field[0]] = field[1]
    return None


def _field(file: IO[bytes], size: int) -> tuple[int, int] | None:
    tag = _varint(file)
    if tag is None or tag >> 3 == 0:
        return None
    number, wire = tag >> 3, tag & 7
    if wire == _VARINT:
        value = _varint(file)
        return None if value is None else (number, value)
    length = {_FIXED64: 8, _FIXED32: 4}.get(wire) if wire != _BYTES else _varint(file)
    if length is None or file.tell() + length > size:
        return None
    file.seek(length, os.SEEK_CUR)
    return number, length


def _varint(file: IO[bytes]) -> int | None:
    value = 0
    for at in range(_LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << (7 * at)
        if byte[0] < 0x80:
            return value
    return None
