"""Rows out of CSV: by the names in its first line, or by position without one."""

from __future__ import annotations

import csv

from edge.lines import Lines
from edge.output import say
from edge.records import HeaderError, Record, Table, refuse_long
from runtimes.core.errors import RequestError
from runtimes.core.nested import KIND_OF_DTYPE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.core.signature import Signature

_TRUTH = {"true": True, "false": False, "1": True, "0": False}
_SHOWN = 40
_EXPECTED = {"number": "a number", "integer": "a whole number", "boolean": "true or false"}


class Column:
    """What the cells of one column hold."""

    __slots__ = ("kind", "name", "nullable")

    def __init__(self, name: str, kind: str, nullable: bool) -> None:
        self.name = name
        self.kind = kind
        self.nullable = nullable

    def read(self, text: str) -> object:
        """The cell's value. An empty one is missing where the model takes that, or else an empty text."""
        if not text and self.nullable:
            return None
        if self.kind == "text":
            return text
        value = _TRUTH.get(text.strip().lower()) if self.kind == "boolean" else _number(text, self.kind)
        if value is None:
            found = f"{text[:_SHOWN]!r}" if text else "empty"
            raise RequestError(
                f"{self.name} must be {_EXPECTED[self.kind]}, but it is {found}", field=self.name
            )
        return value


class _Texts:
    """The lines as texts for ``csv``. One that is none of UTF-8 is an error of its record alone."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.size_bytes = 0

    def __iter__(self) -> _Texts:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        if line is None:
            raise refuse_long(self.lines.most_bytes)
        self.size_bytes += len(line)
        try:
            return line.decode("utf-8") + "\n"
        except UnicodeDecodeError as error:
            raise RequestError(f"the line is not UTF-8 (byte {error.start})") from None


def columns_of(signature: Signature) -> list[Column]:
    """The columns of a row in their order; a ``HeaderError`` for a model whose rows are no columns."""
    if signature.features:
        return [Column(item.name, item.kind, item.nullable) for item in signature.features]
    spec = signature.inputs[0]
    width = spec.shape[1] if len(signature.inputs) == 1 and len(spec.shape) == 2 else None
    if not isinstance(width, int):
        raise HeaderError(
            "this model does not take CSV, since a row of it is not a list of columns: give JSON"
        )
    kind = KIND_OF_DTYPE.get(spec.dtype, "integer")
    return [Column(f"column {place}", kind, False) for place in range(width)]


def read_csv(lines: Lines, signature: Signature, table: Table) -> Iterator[Record]:
    """The rows, in the order of the model's columns whatever that of the file is."""
    columns = columns_of(signature)
    texts = _Texts(lines)
    reader = csv.reader(texts, delimiter=table.delimiter, strict=True)
    order = None if table.may_have_header else _Order(list(enumerate(columns)), len(columns))
    while True:
        texts.size_bytes, begun = 0, lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(begun, error=RequestError(f"the line is not CSV: {error}"))
            continue
        except RequestError as error:
            yield Record(lines.number, error=error)
            continue
        if not cells:
            continue
        if order is None:
            order, is_header = _read_order(cells, columns)
            if is_header:
                continue
        yield order.record(cells, begun, texts.size_bytes)


class _Order:
    """Where each column of the model stands in a line of so many cells."""

    __slots__ = ("_columns", "_width")

    def __init__(self, columns: list[tuple[int, Column]], width: int) -> None:
        self._columns = columns
        self._width = width

    def record(self, cells: list[str], line: int, size_bytes: int) -> Record:
        if len(cells) != self._width:
            message = f"the line has {len(cells)} values, and {self._width} are expected"
            return Record(line, error=RequestError(message))
        try:
            row = [column.read(cells[place]) for place, column in self._columns]
        except RequestError as error:
            return Record(line, error=error)
        return Record(line, row, size_bytes=size_bytes)


def _read_order(cells: list[str], columns: list[Column]) -> tuple[_Order, bool]:
    """The order that the first line names, or that of the model where the line is a row already."""
    known = {column.name for column in columns}
    names = [cell if cell in known else cell.strip() for cell in cells]
    if known.isdisjoint(names):
        _refuse_foreign_header(cells, columns)
        return _Order(list(enumerate(columns)), len(columns)), False
    missing = [column.name for column in columns if column.name not in names]
    twice = [name for name in known if names.count(name) > 1]
    if missing or twice:
        what = f"does not name {', '.join(missing)}" if missing else f"names {twice[0]} more than once"
        raise HeaderError(f"the first line {what}")
    unknown = [name for name in names if name not in known]
    if unknown:
        say(f"note: the model does not take the columns {', '.join(unknown)}; they are left out")
    return _Order([(names.index(column.name), column) for column in columns], len(cells)), True


def _refuse_foreign_header(cells: list[str], columns: list[Column]) -> None:
    """Words where numbers should be are a header with other names, and texts alone may be one: by position it
    would mean nothing."""
    numbers = [
        _number(cell, "number")
        for cell, column in zip(cells, columns)
        if cell.strip() and column.kind in ("number", "integer")
    ]
    if not [True for number in numbers if number is not None]:
        names = ", ".join([column.name for column in columns])
        message = f"the first line names none of the model's columns ({names})"
        raise HeaderError(f"{message}; if it is a row by position, say --no-header")


def _number(text: str, kind: str) -> float | None:
    """As Python reads it, but for what other programs do not take: underscores, digits of other scripts."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return int(text) if kind == "integer" and text.strip().lstrip("+-").isdigit() else float(text)
    except ValueError:
        return None
