"""Where the record batches of an Arrow file are and how many rows they have: pyarrow does not say, and
reading them all to know would read the file twice.

Both layouts are flatbuffers between bodies of data: a file has a footer that lists its messages, a stream
has them one after the other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

MAGIC = b"ARROW1"
CONTINUATION = b"\xff\xff\xff\xff"
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_FOOTER_DICTIONARIES, _FOOTER_BATCHES = 2, 3
_BATCH_COMPRESSION = 3
_MESSAGE_KIND, _MESSAGE_HEADER, _MESSAGE_BODY = 1, 2, 3


class MisfitError(pa.ArrowInvalid):  # type: ignore[misc]
    """The bytes are not what Arrow writes; handled as what Arrow itself says of them."""


@dataclass(frozen=True)
class Stored:
    """A message with its body: where it is, and how many rows it brings (a dictionary: none)."""

    start: int
    length: int
    rows: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.length


def read_footer(source: pa.NativeFile, size_bytes: int) -> tuple[list[Stored], list[Stored], int]:
    """The dictionaries and the record batches of a file, and where its footer begins."""
    footer, start = _footer(source, size_bytes)
    dictionaries = [Stored(begin, size, 0) for begin, _, size in footer.blocks(_FOOTER_DICTIONARIES)]
    batches = []
    for begin, head, size in footer.blocks(_FOOTER_BATCHES):
        if begin < 0 or head <= 8 or size < head or begin + size > start:
            raise MisfitError("its footer points beyond its data")
        batches.append(Stored(begin, size, _rows(_message(_read(source, begin, head)))))
    return dictionaries, batches, start


def is_compressed(source: pa.NativeFile, size_bytes: int, index: int) -> bool:
    """Whether the buffers of a file's record batch are packed, and not as they will lie in memory."""
    footer, _ = _footer(source, size_bytes)
    begin, head, _ = footer.blocks(_FOOTER_BATCHES)[index]
    return _message(_read(source, begin, head)).table(_MESSAGE_HEADER).has(_BATCH_COMPRESSION)


def _footer(source: pa.NativeFile, size_bytes: int) -> tuple[_Table, int]:
    length, magic = struct.unpack("<i6s", _read(source, size_bytes - 10, 10))
    start = size_bytes - 10 - length
    if magic != MAGIC or length <= 0 or start < len(MAGIC):
        raise MisfitError("its end is not that of an Arrow file: it may be cut off")
    return _Table.root(_read(source, start, length)), start


def walk_stream(source: pa.NativeFile, size_bytes: int) -> Iterator[Stored]:
    """The messages of a stream in order, without their bodies."""
    start = 0
    while True:
        head = _read(source, start, 8)
        if head[:4] != CONTINUATION:
            raise MisfitError("its messages are broken, or of a version of Arrow before 0.15")
        length = int.from_bytes(head[4:], "little", signed=True)
        if length == 0:
            return
        message = _message(head + _read(source, start + 8, length))
        stop = start + 8 + length + message.number("q", _MESSAGE_BODY)
        if length < 0 or not start < stop <= size_bytes:
            raise MisfitError("it is cut off in the middle of its data")
        kind = message.number("B", _MESSAGE_KIND)
        yield Stored(start, stop - start, _rows(message) if kind == _RECORD_BATCH else 0)
        start = stop


def _read(source: pa.NativeFile, start: int, length: int) -> bytes:
    if start < 0 or length < 0:
        raise MisfitError("it is too short")
    source.seek(start)
    data: bytes = source.read(length)
    if len(data) != length:
        raise MisfitError("it is cut off: it does not end as Arrow's files do")
    return data


def _message(data: bytes) -> _Table:
    return _Table.root(data[8:] if data[:4] == CONTINUATION else data[4:])


def _rows(message: _Table) -> int:
    if message.number("B", _MESSAGE_KIND) != _RECORD_BATCH:
        raise MisfitError("a record batch is expected where none is")
    rows = message.table(_MESSAGE_HEADER).number("q", 0)
    if rows < 0:
        raise MisfitError("a record batch has fewer than no rows")
    return rows


class _Table:
    """A table of a flatbuffer: its fields by number; one that is left out has the value 0."""

    __slots__ = ("_data", "_fields", "_start")

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._start = data, start
        vtable = start - self._at("i", start)
        count = (self._at("H", vtable) - 4) // 2
        self._fields = [self._at("H", vtable + 4 + 2 * index) for index in range(count)]

    @classmethod
    def root(cls, data: bytes) -> _Table:
        if len(data) < 4:
            raise MisfitError("its metadata is cut off")
        return cls(data, int.from_bytes(data[:4], "little"))

    def has(self, field: int) -> bool:
        return self._place(field) > 0

    def number(self, code: str, field: int) -> int:
        place = self._place(field)
        return self._at(code, place) if place else 0

    def table(self, field: int) -> _Table:
        place = self._place(field)
        if not place:
            raise MisfitError("its metadata is incomplete")
        return _Table(self._data, place + self._at("I", place))

    def blocks(self, field: int) -> list[tuple[int, int, int]]:
        """A vector of places: offset, length of the metadata, and length with the body."""
        place = self._place(field)
        if not place:
            return []
        vector = place + self._at("I", place)
        found = []
        for index in range(self._at("I", vector)):
            block = vector + 4 + 24 * index
            head = self._at("i", block + 8)
            found.append((self._at("q", block), head, head + self._at("q", block + 16)))
        return found

    def _place(self, field: int) -> int:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._start + offset if offset else 0

    def _at(self, code: str, place: int) -> int:
        if place < 0:
            raise MisfitError("its metadata points before its beginning")
        try:
            value: int = struct.unpack_from(f"<{code}", self._data, place)[0]
        except struct.error:
            raise MisfitError("its metadata points beyond its end") from None
        return value
