"""Reads UBJSON as XGBoost writes it: bounded by the size of the file, typed arrays as numpy arrays."""

from typing import Any

import numpy as np

_DEEPEST = 64
_NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_INTEGERS = frozenset("iUIlL")
_WORDS = {"Z": None, "N": None, "T": True, "F": False}


def read_ubjson(data: bytes | bytearray) -> Any:
    """Raises ValueError for whatever is no UBJSON; bytes behind the document are an error, too."""
    reader = _Reader(memoryview(data))
    document = reader.value(reader.mark(), 0)
    if reader.at != len(data):
        raise ValueError(f"there are {len(data) - reader.at} bytes behind its end")
    return document


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> memoryview:
        if count < 0 or count > len(self.data) - self.at:
            raise ValueError("it ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def mark(self) -> str:
        return chr(self.take(1)[0])

    def peek(self) -> str:
        return chr(self.data[self.at]) if self.at < len(self.data) else ""

    def number(self, mark: str) -> int | float:
        dtype = np.dtype(_NUMBERS[mark])
        found: int | float = np.frombuffer(self.take(dtype.itemsize), dtype)[0].item()
        return found

    def count(self, mark: str) -> int:
        if mark not in _INTEGERS:
            raise ValueError(f"a length has the mark {mark!r}")
        return int(self.number(mark))

    def text(self) -> str:
        return bytes(self.take(self.count(self.mark()))).decode("utf-8")

    def value(self, mark: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        if mark in _NUMBERS:
            return self.number(mark)
        if mark in _WORDS:
            return _WORDS[mark]
        if mark == "S":
            return self.text()
        if mark == "C":
            return self.mark()
        if mark == "[":
            return self.array(depth)
        if mark == "{":
            return self.members(depth)
        raise ValueError(f"it has the unknown mark {mark!r}")

    def header(self) -> tuple[str | None, int | None]:
        """The one type and the number of what follows, where they are given beforehand."""
        kind = count = None
        if self.peek() == "$":
            self.take(1)
            kind = self.mark()
        if self.peek() == "#":
            self.take(1)
            count = self.count(self.mark())
        if kind is not None and count is None:
            raise ValueError("a typed array has no length")
        return kind, count

    def array(self, depth: int) -> Any:
        kind, count = self.header()
        if kind is not None and count is not None:
            if kind not in _NUMBERS:
                raise ValueError(f"an array is of the type {kind!r}")
            dtype = np.dtype(_NUMBERS[kind])
            return np.frombuffer(self.take(count * dtype.itemsize), dtype).astype(dtype.newbyteorder("="))
        found: list[Any] = []
        while count is None or len(found) < count:
            mark = self.mark()
            if count is None and mark == "]":
                break
            found.append(self.value(mark, depth + 1))
        return found

    def members(self, depth: int) -> dict[str, Any]:
        kind, count = self.header()
        found: dict[str, Any] = {}
        seen = 0
        while count is None or seen < count:
            if count is None and self.peek() == "}":
                self.take(1)
                break
            name = self.text()
            found[name] = self.value(kind or self.mark(), depth + 1)
            seen += 1
        return found
