"""Rows out of pieces of JSON lines: all at once where nothing is wrong, else in runs of lines, and only the
runs that hold something wrong line by line. Both ways are one: the same rows, the same values.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.json

from runtimes.batch.formats.json_text import BLANK, BrokenError, DeepError, read_line
from runtimes.batch.formats.json_values import MisfitError, convert, convert_kept
from runtimes.batch.formats.lines import Lines, Sifted, Span, block_of
from runtimes.batch.formats.pieces import Piece, no_rows
from runtimes.batch.work import Block, Wanted

_RUN_BYTES = 1 << 16
_NOT_FINITE = re.compile(rb"[:,\[\s-](?:NaN|Inf(?:inity)?)\s*[,\]}]")


class JsonRows:
    """Reads pieces of one file. ``told``: the types of columns that are wanted as the file has them."""

    def __init__(self, wanted: Wanted, told: dict[str, pa.DataType]) -> None:
        self._kept = frozenset(name for name, type_ in wanted.columns.items() if type_ is None)
        types = {name: type_ or told[name] for name, type_ in wanted.columns.items()}
        self.schema = pa.schema(list(types.items()))
        self._parse_options = pa.json.ParseOptions(
            explicit_schema=self.schema, newlines_in_values=False, unexpected_field_behavior="ignore"
        )
        self._trusts = True

    def read(self, piece: Piece) -> Block:
        """The rows of a piece."""
        if self._trusts:
            batch = self._read_at_once(piece.data)
            if batch is not None:
                return block_of(batch, Lines(piece))
        return self._read_by_runs(piece)

    def _read_at_once(self, data: bytes) -> pa.RecordBatch | None:
        """None where any line is not plainly a row."""
        count = data.count(b"\n") + (not data.endswith(b"\n"))
        if not _is_plain(data, count):
            return None
        try:
            table = pa.json.read_json(
                pa.BufferReader(data),
                pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                self._parse_options,
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != count:
            return None
        return table.combine_chunks().to_batches()[0]

    def _read_by_runs(self, piece: Piece) -> Block:
        sifted, batches, trusts = Sifted(piece), [], True
        for run in _runs(piece.data):
            lines = [piece.data[start:stop].strip(b" \t\r\n") for start, stop, _ in run]
            batch = self._read_at_once(b"\n".join(lines))
            if batch is None:
                trusts = False
                batch = self._read_line_by_line(run, lines, sifted)
            else:
                sifted.good += run
            batches.append(batch)
        self._trusts = trusts
        batch = pa.concat_batches(batches) if batches else no_rows(self.schema)
        return block_of(batch, sifted.lines(), None, sifted.letters())

    def _read_line_by_line(self, run: list[Span], lines: list[bytes], sifted: Sifted) -> pa.RecordBatch:
        rows = []
        for span, line in zip(run, lines):
            try:
                rows.append(self._read_line(line))
            except BrokenError as error:
                sifted.refuse(span, str(error))
            except _RefusedError as error:
                sifted.refuse(span, error.message, error.reason, error.column)
            else:
                sifted.good.append(span)
        columns = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(self.schema)]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _read_line(self, line: bytes) -> list[Any]:
        """The values of one row, in the order of the columns."""
        try:
            row = read_line(line)
        except DeepError:
            # What is nested deeply may stand in a column that nobody wants.
            batch = self._read_at_once(line)
            if batch is None:
                raise
            return [column[0].as_py() for column in batch.columns]
        return [self._convert(row.get(field.name), field) for field in self.schema]

    def _convert(self, value: Any, field: pa.Field) -> Any:
        name = field.name
        try:
            if name in self._kept:
                return convert_kept(value, field.type, name)
            return convert(value, field.type, name)
        except MisfitError as misfit:
            raise _RefusedError(name, misfit) from None


class _RefusedError(Exception):
    """A row with a value that its column does not hold."""

    def __init__(self, column: str, misfit: MisfitError) -> None:
        super().__init__(misfit.message)
        self.column = column
        self.reason = misfit.reason
        self.message = misfit.message


def _is_plain(data: bytes, count: int) -> bool:
    """Whether each line begins and ends as an object does, and nothing is there that Arrow takes and JSON
    does not. So no object goes on over lines, and there are as many rows as lines if none holds several.
    (Arrow ends the process where the first line is ``null``.)"""
    if not data.startswith(b"{") or data.count(b"\n{") != count - 1:
        return False
    ends = data.count(b"}\n") + data.endswith(b"}")
    if ends != count and ends + data.count(b"}\r\n") != count:
        return False
    if (b"NaN" in data or b"Inf" in data) and _NOT_FINITE.search(data):
        return False
    return data.isascii() or _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _runs(data: bytes) -> list[list[Span]]:
    """The lines that are not blank, in runs of about so many bytes."""
    runs: list[list[Span]] = []
    start, begun = 0, 0
    for number, line in enumerate(data.split(b"\n")):
        stop = min(start + len(line) + 1, len(data))
        if line.strip(BLANK):
            if not runs or stop - begun > _RUN_BYTES:
                runs.append([])
                begun = start
            runs[-1].append((start, stop, number))
        start = stop
    return runs
