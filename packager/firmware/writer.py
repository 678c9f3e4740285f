"""Writes the body of the C function: tables, buffers and lines, step by step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from packager.firmware import helpers, scratch
from packager.firmware.literals import BYTES, C_TYPES, array_of, literal, operand, unsigned_for
from packager.firmware.palette import palette
from packager.firmware.places import Places, expression
from packager.firmware.program import Array
from packager.firmware.tensor import Buffer, Shape, Tensor, whole

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Table:
    """Constant numbers of the program."""

    name: str
    c_type: str
    values: Array

    @property
    def size_bytes(self) -> int:
        """What it takes of flash."""
        return BYTES[self.c_type] * self.values.size


@dataclass(slots=True)
class Writer:
    """``prefix`` is that of the program's constants; with ``wide`` what is float is summed, and its functions
    are computed, in double and rounded once."""

    prefix: str
    wide: bool = False
    step: int = 0
    indent: int = 1
    lines: list[str] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    tables: dict[tuple[str, bytes], Table] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """The helper functions that are called."""

    def line(self, text: str) -> None:
        """One line at the present depth."""
        self.lines.append("    " * self.indent + text)

    @contextmanager
    def block(self, head: str = "") -> Iterator[None]:
        """Lines in braces behind ``head``."""
        self.line(f"{head} {{".lstrip())
        self.indent += 1
        yield
        self.indent -= 1
        self.line("}")

    @contextmanager
    def loop(self, counter: str, count: int) -> Iterator[str]:
        """Lines for each place from 0 to before ``count``; gives the counter, or 0 for a single place."""
        if count == 1:
            yield "0"
            return
        with self.block(f"for (size_t {counter} = 0; {counter} < {count}; {counter}++)"):
            yield counter

    @contextmanager
    def each(self, counter: str, count: int) -> Iterator[str]:
        """The same with names of their own: in braces however many places there are."""
        if count == 1:
            with self.block():
                yield "0"
            return
        with self.loop(counter, count) as place:
            yield place

    def refuse_if(self, condition: str) -> None:
        """End with the answer that the model cannot take this input."""
        self.line(f"if ({condition}) {{ return {self.prefix.upper()}_REFUSED; }}")

    def table(self, values: Any, c_type: str) -> str:
        """The name of a table; equal ones are one."""
        array = array_of(values, c_type).reshape(-1)
        key = (c_type, array.tobytes())
        if key not in self.tables:
            self.tables[key] = Table(f"table_{len(self.tables)}", c_type, array)
        return self.tables[key].name

    def column(self, values: Any, c_type: str) -> Callable[[str], str]:
        """A table, as an expression of its place. Where numbers come again and again it is one of places in
        a shorter one."""
        array = array_of(values, c_type).reshape(-1)
        found = palette(array)
        if found.size_bytes >= array.nbytes:
            name = self.table(array, c_type)
            return lambda at: f"{name}[{at}]"
        shorter, indexes = self.table(found.numbers, c_type), self.table(found.places, found.place_type)
        return lambda at: f"{shorter}[{indexes}[{at}]]"

    def fresh(self, dtype: str, shape: Shape, over: tuple[Tensor, ...] = ()) -> Tensor:
        """A new buffer for what this step gives; it may lie over those that it reads place by place."""
        size = int(np.prod(shape, dtype=np.int64))
        under = tuple(t.buffer for t in over if t.is_whole and t.buffer and not t.buffer.is_input)
        buffer = Buffer(
            f"v{len(self.buffers)}", C_TYPES[dtype], size, first=self.step, last=self.step, over=under
        )
        self.buffers.append(buffer)
        return whole(dtype, shape, buffer)

    def name(self, tensor: Tensor) -> str:
        """The array that a tensor lies in; known numbers get a table."""
        if tensor.buffer is None:
            return self.table(tensor.array, tensor.c_type)
        tensor.buffer.last = max(tensor.buffer.last, self.step)
        return f"(&{tensor.buffer.name})" if tensor.buffer.is_one else tensor.buffer.name

    def read(self, tensor: Tensor, counter: str, shape: Shape | None = None) -> str:
        """The element of a tensor at a flat counter, in an expression; ``shape``: repeated to it."""
        if tensor.array is not None and tensor.array.size and _is_one_number(tensor.array):
            return operand(tensor.array.reshape(-1)[0], tensor.c_type)
        places = tensor.places if tensor.places is not None else np.arange(tensor.size).reshape(tensor.shape)
        if shape is not None:
            places = np.broadcast_to(places, shape)
        return self.at(tensor, places.reshape(-1), counter)

    def at(self, tensor: Tensor, places: Places, counter: str) -> str:
        """The element of a tensor's array whose place is the one at a counter."""
        name = self.name(tensor)
        if tensor.buffer is not None and tensor.buffer.is_one:
            return tensor.buffer.name
        return f"{name}[{self.place(places, counter)}]"

    def place(self, places: Places, counter: str) -> str:
        """One of these places, by its counter."""
        if not places.size:
            return "0"
        rule = str(places[0]) if counter == "0" else expression(places, counter)
        return rule or f"{self.table(places, unsigned_for(int(places.max())))}[{counter}]"

    def contiguous(self, tensor: Tensor) -> tuple[str, int]:
        """The array in which a tensor's numbers lie in order, and where they begin; else they are copied."""
        flat = tensor.places.reshape(-1) if tensor.places is not None else np.arange(tensor.size)
        if flat.size and not (np.diff(flat) == 1).all():
            tensor, flat = self.copied(tensor), np.arange(tensor.size)
        return self.name(tensor), int(flat[0]) if flat.size else 0

    def pointer(self, tensor: Tensor) -> str:
        """The same as one expression."""
        name, start = self.contiguous(tensor)
        return f"{name} + {start}" if start else name

    def copied(self, tensor: Tensor) -> Tensor:
        """The same numbers in a buffer of their own, in order."""
        made = self.fresh(tensor.dtype, tensor.shape)
        with self.loop("c", tensor.size) as c:
            self.line(f"{self.name(made)}[{c}] = {self.read(tensor, c)};")
        return made

    def helper(self, name: str) -> str:
        """A static function of the program that this text calls by name."""
        self.used |= {name, *helpers.NEEDED.get(name, ())}
        return name

    def work(self, c_type: str) -> str:
        """The type that sums and functions of a type are computed in."""
        return "double" if self.wide and c_type == "float" else c_type

    def laid(self) -> dict[Buffer, int]:
        """Where each buffer lies in the scratch array of its type."""
        return scratch.laid(self.buffers)


def declared(table: Table) -> str:
    """A table as C."""
    values = [literal(value, table.c_type) for value in table.values]
    rows, row = [], ""
    for text in values:
        if len(row) + len(text) > _WIDTH:
            rows.append(row.rstrip())
            row = ""
        row += f"{text}, "
    rows.append(row.rstrip(", "))
    body = "\n    ".join(rows)
    return f"static const {table.c_type} {table.name}[{len(values)}] = {{\n    {body}\n}};\n"


def _is_one_number(array: Array) -> bool:
    data = array.tobytes()
    return data == data[: array.itemsize] * array.size
