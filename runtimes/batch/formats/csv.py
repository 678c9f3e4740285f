"""CSV: cut between lines, read in typed blocks; only what a block cannot take is looked at line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.formats.content import read_head, refuse_others
from runtimes.batch.formats.csv_head import head_of
from runtimes.batch.formats.csv_records import sift_records
from runtimes.batch.formats.csv_rows import CsvRows
from runtimes.batch.formats.lines import cut_block
from runtimes.batch.formats.pieces import Piece, cut_lines, read_pieces, too_long
from runtimes.batch.work import Block, Cut, Described, InputFile, Wanted

_KIND = "CSV"


def describe(
    file: InputFile, source: pa.NativeFile, wanted: Wanted, shard_rows: int, shard_bytes: int
) -> Described:
    """Reads the first megabyte, and a little where each cut ends."""
    begin = read_head(file, _KIND, source)
    refuse_others(file, _KIND, begin)
    head = head_of(file, begin, wanted, _check(wanted.delimiter))
    if head is None:
        return Described(pa.schema([]), ())
    if wanted.newlines_in_values:
        cut_bytes = file.size_bytes
    else:
        cut_bytes = max(1, min(shard_bytes, int(shard_rows * head.line_bytes)))
    cuts = tuple(cut_lines(file, _KIND, source, head.start, head.size_bytes, cut_bytes))
    return Described(pa.schema([(name, pa.string()) for name in head.names]), cuts)


def blocks(file: InputFile, path: str, cut: Cut, wanted: Wanted) -> Iterator[Block]:
    """The rows of a cut."""
    delimiter = _check(wanted.delimiter)
    head = head_of(file, read_head(file, _KIND, path), wanted, delimiter)
    if head is None or not set(wanted.columns) <= set(head.names):
        raise JobError(f"{file.uri} has other columns than when it was planned", "plan the job once more")
    rows = CsvRows(head.names, wanted, delimiter)
    pieces = read_pieces(file, _KIND, path, cut, head.start if cut.start == 0 else cut.start, head.line)
    read = (
        _read_whole(pieces, rows, delimiter)
        if wanted.newlines_in_values
        else (too_long(piece, rows.schema) if piece.too_long else rows.read(piece) for piece in pieces)
    )
    for block in read:
        yield from cut_block(block, wanted.rows)


def _read_whole(pieces: Iterator[Piece], rows: CsvRows, delimiter: str) -> Iterator[Block]:
    """The same where values may hold ends of lines: a record that is open goes on in the next piece."""
    open_: Piece | None = None
    for piece in pieces:
        if piece.too_long:
            if open_ is not None:
                yield rows.read_sifted(sift_records(open_, delimiter, True)[0])
                open_ = None
            yield too_long(piece, rows.schema)
            continue
        if open_ is not None:
            piece = replace(open_, data=open_.data + piece.data, lines=open_.lines + piece.lines)  # noqa: PLW2901
        elif b'"' not in piece.data:
            yield rows.read(piece)
            continue
        sifted, end = sift_records(piece, delimiter, False)
        if end:
            yield rows.read_sifted(sifted)
        open_ = _behind(piece, end)
    if open_ is not None:
        yield rows.read_sifted(sift_records(open_, delimiter, True)[0])


def _behind(piece: Piece, end: int) -> Piece | None:
    if end == len(piece.data):
        return None
    passed = piece.data.count(b"\n", 0, end)
    line = None if piece.line is None else piece.line + passed
    return Piece(piece.data[end:], piece.offset + end, line, piece.lines - passed)


def _check(delimiter: str) -> str:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise JobError(f"{delimiter!r} cannot stand between the values of CSV", "give one character")
    return delimiter
