"""Rows out of pieces of JSON lines: all at once where nothing is wrong, else in runs of lines, and only the
runs that hold something wrong line by line. Both ways are one: the same rows, the same values.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.json

from runtimes.batch.formats.json_judge import Judge, Refusal, is_plain
from runtimes.batch.formats.json_text import BLANK
from runtimes.batch.formats.json_values import converter, kept_converter
from runtimes.batch.formats.lines import Lines, Sifted, Stretch, apart, block_of, runs
from runtimes.batch.formats.pieces import WARY_PIECES, Piece, no_rows
from runtimes.batch.work import Block, Wanted

_ATTEMPTS = 10
_ROW = re.compile(r" in row ([0-9]+)$")


class JsonRows:
    """Reads pieces of one file. ``told``: the types of columns that are wanted as the file has them."""

    def __init__(self, wanted: Wanted, told: dict[str, pa.DataType]) -> None:
        types = {name: type_ or told[name] for name, type_ in wanted.columns.items()}
        self.schema = pa.schema(list(types.items()))
        self._judge = Judge(
            {
                name: kept_converter(types[name], wanted.missing)
                if type_ is None
                else converter(type_, wanted.missing)
                for name, type_ in wanted.columns.items()
            }
        )
        self._parse_options = pa.json.ParseOptions(
            explicit_schema=self.schema, newlines_in_values=False, unexpected_field_behavior="ignore"
        )
        self._wary = 0

    def read(self, piece: Piece) -> Block:
        """The rows of a piece."""
        if not self._wary and is_plain(piece.data, piece.lines):
            batch = self._parse(piece.data, piece.lines)
            if isinstance(batch, pa.RecordBatch):
                return block_of(batch, Lines(piece))
        sifted, batches = Sifted(piece), [no_rows(self.schema)]
        for run in runs(piece.data):
            batches.append(self._read_run(run, piece.data, sifted))
        letters = sifted.letters()
        self._wary = WARY_PIECES if letters else max(0, self._wary - 1)
        return block_of(pa.concat_batches(batches), sifted.lines(), None, letters)

    def _parse(self, data: bytes, count: int) -> pa.RecordBatch | int | None:
        """The rows of lines that are plain; else the number of one that is not as it should be, if that is
        told."""
        try:
            table = pa.json.read_json(
                pa.BufferReader(data),
                pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                self._parse_options,
            )
        except pa.ArrowInvalid as error:
            found = _ROW.search(str(error))
            return int(found[1]) if found else None
        return table.combine_chunks().to_batches()[0] if table.num_rows == count else None

    def _read_run(self, run: Stretch, data: bytes, sifted: Sifted) -> pa.RecordBatch:
        """The rows of some lines, without those that are none."""
        whole = data[run[0] : run[1]]
        batch = self._parse(whole, run[3]) if is_plain(whole, run[3]) else None
        if isinstance(batch, pa.RecordBatch):
            sifted.good.append(run)
            return batch
        spans = [(span, line.strip(BLANK)) for span, line in apart(data, run) if line.strip(BLANK)]
        lines: list[bytes | Refusal] = [line for _, line in spans]
        batch = self._parse_run(lines)
        for (span, _), line in zip(spans, lines):
            if isinstance(line, Refusal):
                sifted.refuse(span, line.message, line.reason, line.column)
            else:
                sifted.good.append(span)
        return batch

    def _parse_run(self, lines: list[bytes | Refusal]) -> pa.RecordBatch:
        """Reads the lines that are not refused. Where that fails, the line that Arrow names is looked at by
        itself, and after some of these all are; what is odd is written plainly, what is wrong refused."""
        looked = {at for at, line in enumerate(lines) if not is_plain(line, 1)}  # type: ignore[arg-type]
        for at in looked:
            lines[at] = self._look(lines[at])  # type: ignore[arg-type]
        for attempt in range(_ATTEMPTS):
            left = [at for at, line in enumerate(lines) if not isinstance(line, Refusal)]
            if not left:
                return no_rows(self.schema)
            found = self._parse(b"\n".join([lines[at] for at in left]), len(left))  # type: ignore[misc]
            if isinstance(found, pa.RecordBatch):
                return found
            is_told = found is not None and found < len(left) and attempt < _ATTEMPTS - 2
            for at in left[found : found + 1] if is_told else left:  # type: ignore[operator]
                if at not in looked:
                    looked.add(at)
                    lines[at] = self._look(lines[at])  # type: ignore[arg-type]
        raise AssertionError("pyarrow reads lines of JSON in another way")

    def _look(self, line: bytes) -> bytes | Refusal:
        """A line by itself: written plainly, or why it is refused."""
        found = self._judge.plain(line)
        if isinstance(found, Refusal) and found.is_deep:
            # What is nested deeply may stand in a column that nobody wants.
            is_row = is_plain(line, 1) and isinstance(self._parse(line, 1), pa.RecordBatch)
            return line if is_row else found
        return found
