"""Protocol buffers without their schema: the outermost fields of a file, the fields of a message, new fields.

Source: the encoding guide of Protocol Buffers (tag = number << 3 | wire type).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10


def fields(path: Path, most: int = 10_000) -> dict[int, int] | None:
    """Each field's number with its value (varint) or size (bytes); None when it is no protocol buffer."""
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
    length = _SIZES.get(wire) if wire != _BYTES else _varint(file)
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


def parts(data: memoryview) -> Iterator[tuple[int, int | memoryview, memoryview]]:
    """Each field of a message that was checked before: its number, what it holds, and the whole field."""
    at = 0
    while at < len(data):
        began = at
        tag, at = _number_at(data, at)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview
        if wire == _VARINT:
            value, at = _number_at(data, at)
        else:
            length = _SIZES.get(wire, 0)
            if wire == _BYTES:
                length, at = _number_at(data, at)
            value = data[at : at + length]
            at += length
        yield number, value, data[began:at]


def of_bytes(number: int, content: bytes) -> bytes:
    """A field that holds bytes: a text or another message."""
    return head(number, len(content)) + content


def head(number: int, length: int) -> bytes:
    """How a field of so many bytes begins."""
    return _written(number << 3 | _BYTES) + _written(length)


def of_number(number: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return _written(number << 3 | _VARINT) + _written(value)


def _number_at(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _written(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
