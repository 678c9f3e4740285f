"""The lines of a piece that hold rows: where each stands, found only when somebody asks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

import pyarrow as pa

from runtimes.batch.formats.pieces import Piece, as_text
from runtimes.batch.work import Block, DeadLetter, Place

Stretch = tuple[int, int, int, int]
"""Where rows that follow on each other begin and end in a piece, the number of their first line in it (from
0), and how many there are: one row on some lines, or several on one line each."""

RUN_BYTES = 1 << 17
_STEP_BYTES = 1 << 12
_MANY = 64


def runs(data: bytes) -> Iterator[Stretch]:
    """Whole lines in stretches of about as many bytes each."""
    start = number = 0
    while start < len(data):
        stop = data.find(b"\n", start + RUN_BYTES - 1) + 1 or len(data)
        count = data.count(b"\n", start, stop) + (not data.endswith(b"\n", start, stop))
        yield start, stop, number, count
        start, number = stop, number + count


def apart(data: bytes, run: Stretch) -> Iterator[tuple[Stretch, bytes]]:
    """Each line of a stretch by itself, with its text without its end."""
    start, stop, number, _ = run
    while start < stop:
        end = data.find(b"\n", start, stop) + 1 or stop
        yield (start, end, number, 1), data[start:end].removesuffix(b"\n").removesuffix(b"\r")
        start, number = end, number + 1


class Lines:
    """The rows of a piece in order. ``stretches`` None: every line of it is one."""

    def __init__(self, piece: Piece, stretches: list[Stretch] | None = None) -> None:
        self.piece = piece
        self._stretches = [(0, len(piece.data), 0, piece.lines)] if stretches is None else stretches
        self._firsts: list[int] = []
        self._steps: dict[int, list[int]] = {}
        self._last = (-1, 0, 0)

    def span(self, row: int) -> tuple[int, int, int]:
        """Where a row begins and ends in the piece, and the number of its first line there."""
        if not self._firsts:
            self._firsts = list(accumulate((one[3] for one in self._stretches), initial=0))
        at = bisect_right(self._firsts, row) - 1
        start, stop, number, rows = self._stretches[at]
        if rows == 1:
            return start, stop, number
        within = row - self._firsts[at]
        begin = self._find(at, within)
        return begin, self.piece.data.find(b"\n", begin, stop) + 1 or stop, number + within

    def _find(self, at: int, line: int) -> int:
        """Where a line of a stretch begins. Ends of lines are counted once, in steps."""
        data, (start, stop, _, _) = self.piece.data, self._stretches[at]
        if at not in self._steps:
            starts = range(start, stop, _STEP_BYTES)
            counts = (data.count(b"\n", begin, min(begin + _STEP_BYTES, stop)) for begin in starts)
            self._steps[at] = list(accumulate(counts, initial=0))
        if line == 0:
            return start
        step = bisect_left(self._steps[at], line) - 1
        known, position = self._steps[at][step], start + step * _STEP_BYTES
        if self._last[0] == at and known < self._last[1] <= line:  # rows are asked for in their order
            known, position = self._last[1:]
        for _ in range(line - known):
            position = data.find(b"\n", position) + 1
        self._last = (at, line, position)
        return position

    def place(self, row: int) -> Place:
        """Where a row stands in the file."""
        start, _, line = self.span(row)
        first = self.piece.line
        return Place(offset=self.piece.offset + start, line=None if first is None else first + line)

    def text(self, row: int) -> str:
        """A row as it stands in the file, without the end of its line."""
        start, stop, _ = self.span(row)
        return as_text(self.piece.data[start:stop].removesuffix(b"\n").removesuffix(b"\r"))

    def letter(self, row: int, column: str | None, reason: str, message: str) -> DeadLetter:
        """The record of a row that cannot be read."""
        return DeadLetter(self.place(row), column, reason, message, self.text(row))


class Sifted:
    """What is left of a piece without the lines that are no rows at all."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self.good: list[Stretch] = []
        self._bad: list[tuple[Stretch, str, str, str | None]] = []

    def refuse(
        self, span: Stretch, message: str, reason: str = "broken_line", column: str | None = None
    ) -> None:
        """Take a line for none that can be read."""
        self._bad.append((span, reason, message, column))

    @property
    def rows(self) -> int:
        """How many good lines there are."""
        return sum(one[3] for one in self.good)

    @property
    def data(self) -> bytes:
        """The good lines alone, each with an end."""
        whole = self._piece.data
        joined = b"".join([whole[start:stop] for start, stop, _, _ in self.good])
        return joined if joined.endswith(b"\n") else joined + b"\n"

    def lines(self) -> Lines:
        """The good lines."""
        return Lines(self._piece, self.good)

    def letters(self) -> list[tuple[int, DeadLetter]]:
        """The broken lines, each with where it begins."""
        lines = Lines(self._piece, [bad[0] for bad in self._bad])
        return [
            (span[0], lines.letter(row, column, reason, message))
            for row, (span, reason, message, column) in enumerate(self._bad)
        ]


def block_of(
    batch: pa.RecordBatch,
    lines: Lines,
    rows: Sequence[int] | None = None,
    letters: Sequence[tuple[int, DeadLetter]] = (),
) -> Block:
    """A block whose row ``i`` is the row ``rows[i]`` of the lines (None: all of them), with what is broken
    among them, each with where it begins in the piece."""

    def row_of(row: int) -> int:
        return row if rows is None else rows[row]

    def start_of(row: int) -> int:
        return lines.span(row_of(row))[0]

    ordered = sorted(letters, key=lambda letter: letter[0])
    own = range(batch.num_rows)
    if len(ordered) > _MANY:  # one way through all rows is shorter than a search for each letter
        starts = list(map(start_of, own))
        before = [bisect_left(starts, start) for start, _ in ordered]
    else:
        before = [bisect_left(own, start, key=start_of) for start, _ in ordered]
    return Block(
        batch,
        lambda row: lines.place(row_of(row)),
        [letter for _, letter in ordered],
        before,
        lambda row: lines.text(row_of(row)),
    )


def cut_block(block: Block, most_rows: int) -> list[Block]:
    """The same rows in blocks of at most so many."""
    count = block.batch.num_rows
    return [_part(block, start, min(count, start + most_rows)) for start in range(0, count, most_rows)] or [
        block
    ]


def _part(block: Block, start: int, stop: int) -> Block:
    if start == 0 and stop == block.batch.num_rows:
        return block
    is_last = stop == block.batch.num_rows
    own = [at for at, row in enumerate(block.before) if start <= row and (row < stop or is_last)]
    record = block.record
    return Block(
        block.batch.slice(start, stop - start),
        lambda row: block.place(start + row),
        [block.broken[at] for at in own],
        [block.before[at] - start for at in own],
        None if record is None else lambda row: record(start + row),
    )


def without(rows: Sequence[int], gone: list[int]) -> list[int]:
    """The rows but those at some places, which are in order."""
    left: list[int] = []
    start = 0
    for place in gone:
        left += rows[start:place]
        start = place + 1
    return left + list(rows[start:])


def batch_without(batch: pa.RecordBatch, gone: list[int]) -> pa.RecordBatch:
    """The same of a batch: a few rows leave gaps between large parts, many are picked one by one."""
    if len(gone) * _MANY > batch.num_rows:
        return batch.take(pa.array(without(range(batch.num_rows), gone), pa.int64()))
    starts, stops = [0, *(place + 1 for place in gone)], [*gone, batch.num_rows]
    return pa.concat_batches([batch.slice(start, stop - start) for start, stop in zip(starts, stops)])
