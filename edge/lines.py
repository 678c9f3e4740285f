"""The lines of a file or pipe, as they come and in bounded memory."""

from __future__ import annotations

import os

from edge.output import StreamError

_PIECE_BYTES = 1 << 16


class Lines:
    """Lines of bytes without their ends; ``None`` stands for one that is longer than ``most_bytes``.

    Nothing is waited for while a line is there: ``waits`` says whether the next one has to be read first.
    """

    __slots__ = ("_descriptor", "_ended", "_lines", "_name", "_rest", "_too_long", "most_bytes", "number")

    def __init__(self, descriptor: int, name: str, most_bytes: int) -> None:
        self._descriptor = descriptor
        self._name = name
        self._lines: list[bytes | None] = []  # the next one last
        self._rest = bytearray()
        self._too_long = False
        self._ended = False
        self.most_bytes = most_bytes
        self.number = 0

    @property
    def waits(self) -> bool:
        """Whether the next line is not here yet."""
        return not self._lines

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> bytes | None:
        while not self._lines:
            if self._ended:
                raise StopIteration
            self._read()
        self.number += 1
        return self._lines.pop()

    def put_back(self, line: bytes | None) -> None:
        """Make this the next line again."""
        self._lines.append(line)
        self.number -= 1

    def _read(self) -> None:
        try:
            piece = os.read(self._descriptor, _PIECE_BYTES)
        except OSError as error:
            raise StreamError(f"{self._name} cannot be read: {error.strerror}") from None
        if not piece:
            self._ended = True
            if self._rest or self._too_long:
                self._lines = [self._taken(b"")]
            return
        first, *others = piece.split(b"\n")
        if not others:
            self._keep(first)
            return
        begun = self._taken(first)
        self._keep(others.pop())
        whole = [line if len(line) <= self.most_bytes else None for line in reversed(others)]
        self._lines = [*whole, begun]

    def _keep(self, part: bytes) -> None:
        """The beginning of a line that goes on; of one that is too long nothing is kept."""
        self._too_long = self._too_long or len(self._rest) + len(part) > self.most_bytes
        if self._too_long:
            self._rest = bytearray()
        else:
            self._rest += part

    def _taken(self, end: bytes) -> bytes | None:
        """The line that began before, with its end."""
        self._keep(end)
        line = None if self._too_long else bytes(self._rest)
        self._rest, self._too_long = bytearray(), False
        return line
