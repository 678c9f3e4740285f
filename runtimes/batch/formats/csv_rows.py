"""Rows out of pieces of CSV: all at once where nothing is wrong, else column by column, then line by line.

The three ways are one: the quick one takes nothing that the others refuse, and gives the same values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv
import pyarrow.types as pt

from runtimes.batch.formats.cells import FALSE, TRUE, explain_cell, read_cells
from runtimes.batch.formats.csv_records import is_sound, sift_lines
from runtimes.batch.formats.lines import Lines, Sifted, batch_without, block_of, without
from runtimes.batch.formats.pieces import WARY_PIECES, Piece, no_rows
from runtimes.batch.work import Block, DeadLetter, Wanted

_HEXADECIMAL = re.compile(rb"0[xX]")

Letters = list[tuple[int, DeadLetter]]


class CsvRows:
    """Reads pieces of one file. ``names``: all of its columns."""

    def __init__(self, names: list[str], wanted: Wanted, delimiter: str) -> None:
        types = {name: type_ or pa.string() for name, type_ in wanted.columns.items()}
        self.schema = pa.schema(list(types.items()))
        self._names = names
        self._delimiter = delimiter
        self._missing = wanted.missing
        self._has_whole = any(pt.is_integer(type_) for type_ in types.values())
        self._typed = self._options(types)
        self._texts = self._options(dict.fromkeys(types, pa.string()))
        self._wary = 0

    def read(self, piece: Piece) -> Block:
        """The rows of a piece in which each stands on a line of its own."""
        if not is_sound(piece.data, self._delimiter):
            return self.read_sifted(sift_lines(piece, self._delimiter))
        block = self._read(piece.data, Lines(piece), piece.lines, [])
        # Empty lines are in the way of counting.
        return block or self.read_sifted(sift_lines(piece, self._delimiter))

    def read_sifted(self, sifted: Sifted) -> Block:
        """The rows of lines that are known to be records."""
        letters = sifted.letters()
        if not sifted.good:
            return block_of(no_rows(self.schema), sifted.lines(), None, letters)
        block = self._read(sifted.data, sifted.lines(), sifted.rows, letters)
        if block is None:
            raise AssertionError("pyarrow splits records of CSV in another way")
        return block

    def _read(self, data: bytes, lines: Lines, count: int, letters: Letters) -> Block | None:
        """None where there are not as many rows as lines."""
        if not self._wary:
            batch = self._read_typed(data)
            if batch is not None:
                return block_of(batch, lines, None, letters) if batch.num_rows == count else None
            self._wary = WARY_PIECES
        return self._read_texts(data, lines, count, letters)

    def _read_typed(self, data: bytes) -> pa.RecordBatch | None:
        """All at once; None where any cell or line is not as it should be."""
        if self._has_whole and (b"x" in data or b"X" in data) and _HEXADECIMAL.search(data):
            return None
        try:
            return self._parse(data, self._typed, None)
        except pa.ArrowInvalid:
            return None

    def _read_texts(self, data: bytes, lines: Lines, count: int, letters: Letters) -> Block | None:
        """All cells as texts, then column by column to their types."""
        ragged: list[tuple[int, int]] = []

        def keep(row: pa.csv.InvalidRow) -> str:
            ragged.append((row.number - 1, row.actual_columns))
            return "skip"

        texts = self._parse(data, self._texts, keep)
        if texts.num_rows + len(ragged) != count:
            return None
        width = len(self._names)
        found: list[tuple[int, str | None, str, str]] = [
            (row, None, "wrong_width", f"the line has {cells} values, and {width} are expected")
            for row, cells in ragged
        ]
        rows: Sequence[int] = without(range(count), [row for row, _ in ragged]) if ragged else range(count)
        columns, faults = self._read_columns(texts)
        self._wary = WARY_PIECES if ragged or faults else self._wary - 1
        for row, (name, reason, message) in faults.items():
            found.append((rows[row], name, reason, message))
        letters = letters + [
            (lines.span(row)[0], lines.letter(row, name, reason, message))
            for row, name, reason, message in found
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        if faults:
            gone = sorted(faults)
            batch, rows = batch_without(batch, gone), without(rows, gone)
        return block_of(batch, lines, rows, letters)

    def _read_columns(self, texts: pa.RecordBatch) -> tuple[list[pa.Array], dict[int, tuple[str, str, str]]]:
        """The columns in their types; by row, why it has none, of the first column that says so."""
        columns = []
        faults: dict[int, tuple[str, str, str]] = {}
        for cells, field in zip(texts.columns, self.schema):
            values, bad = read_cells(cells, field.type, self._missing)
            columns.append(values)
            for row in bad:
                if row not in faults:
                    reason, message = explain_cell(cells[row].as_py(), field.type)
                    faults[row] = (field.name, reason, f"{field.name} {message}")
        return columns, faults

    def _options(self, types: dict[str, pa.DataType]) -> pa.csv.ConvertOptions:
        return pa.csv.ConvertOptions(
            check_utf8=False,  # it was checked, for all columns
            column_types=types,
            include_columns=list(types),
            null_values=["", *self._missing],
            true_values=TRUE,
            false_values=FALSE,
        )

    def _parse(self, data: bytes, options: pa.csv.ConvertOptions, handler: object) -> pa.RecordBatch:
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            pa.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=self._names),
            pa.csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=handler
            ),
            options,
        )
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else no_rows(table.schema)
