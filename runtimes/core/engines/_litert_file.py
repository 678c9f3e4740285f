"""A TFLite file in memory, and the entries of it that LiteRT's reader has to be spared.

LiteRT's reader refuses recurrent operators with their state ("not yet supported"), which the interpreter
behind it runs. So where it refuses a file, the entries are hidden while it reads, and stand there again
before the interpreter is made. The file is mapped privately: on disk nothing changes.
"""

from __future__ import annotations

import ctypes
import mmap
import struct

from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Where the format's schema has what: the number of a field in its table.
_SUBGRAPHS = 2
_TENSORS, _OPERATORS = 0, 3
_IS_VARIABLE, _SHAPE_SIGNATURE = 5, 7
_MUTATING_INPUTS, _INTERMEDIATES = 7, 8


class ModelFile:
    """The mapped file. It must outlive what is made of it."""

    __slots__ = ("_map", "_memory", "address", "size")

    def __init__(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as error:
            raise ModelError(f"the model {path} cannot be read: {error}") from None
        self.size = len(self._map)
        self._memory = (ctypes.c_char * self.size).from_buffer(self._map)
        self.address = ctypes.addressof(self._memory)

    def stated_shape(self, graph: int, tensor: int) -> tuple[int, ...]:
        """The shape with -1 for free sizes, or nothing. LiteRT's reader knows it of newer files alone."""
        table = list(self._tables(self._number(0), _SUBGRAPHS))[graph]
        table = list(self._tables(table, _TENSORS))[tensor]
        for vector in self._vectors(table, _SHAPE_SIGNATURE):
            return struct.unpack_from(f"<{self._number(vector)}i", self._map, vector + 4)
        return ()

    def hide(self) -> list[tuple[int, bytes]]:
        """Make the entries absent; returns what stood there. The file must have been verified before."""
        kept = []
        for place in sorted(set(self._entries())):
            kept.append((place, self._map[place : place + 2]))
            self._map[place : place + 2] = b"\0\0"
        return kept

    def show(self, kept: list[tuple[int, bytes]]) -> None:
        """Undo ``hide``."""
        for place, entry in kept:
            self._map[place : place + 2] = entry

    def _entries(self) -> Iterator[int]:
        """Where the tables say that they have such a field (tables of the same form share that place)."""
        for graph in self._tables(self._number(0), _SUBGRAPHS):
            for tensor in self._tables(graph, _TENSORS):
                yield from self._entry(tensor, _IS_VARIABLE)
            for operator in self._tables(graph, _OPERATORS):
                yield from self._entry(operator, _MUTATING_INPUTS)
                yield from self._entry(operator, _INTERMEDIATES)

    def _tables(self, table: int, field: int) -> Iterator[int]:
        """The tables of a vector of tables."""
        for vector in self._vectors(table, field):
            for place in range(vector + 4, vector + 4 + 4 * self._number(vector), 4):
                yield place + self._number(place)

    def _vectors(self, table: int, field: int) -> Iterator[int]:
        """Where a field's vector is, if the table has it: places are relative to where they stand."""
        for entry in self._entry(table, field):
            place = table + self._half(entry)
            yield place + self._number(place)

    def _entry(self, table: int, field: int) -> Iterator[int]:
        """The place in a table's directory that names a field, if the table has it."""
        directory = table - self._number(table, "<i")
        place = directory + 4 + 2 * field
        if place < directory + self._half(directory) and self._half(place):
            yield place

    def _number(self, place: int, form: str = "<I") -> int:
        found: int = struct.unpack_from(form, self._map, place)[0]
        return found

    def _half(self, place: int) -> int:
        return self._number(place, "<H")
