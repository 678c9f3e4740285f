"""Text files for tests of formats: described and read as a job does it, in pieces and cuts of any size."""

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from runtimes.batch import formats
from runtimes.batch.formats import pieces
from runtimes.batch.work import Block, Cut, DeadLetter, Described, InputFile, Wanted

NUMBER, WHOLE, TRUTH, TEXT = pa.float64(), pa.int64(), pa.bool_(), pa.string()


@dataclass
class Read:
    """What a file gave: its rows with where each stands, and what is broken."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    places: list[tuple[int | None, int | None]] = field(default_factory=list)
    records: list[object] = field(default_factory=list)
    broken: list[DeadLetter] = field(default_factory=list)
    order: list[int | None] = field(default_factory=list)
    """The offsets of rows and broken lines in the order in which blocks have them."""

    @property
    def reasons(self) -> list[str]:
        """The codes of what is broken."""
        return [letter.reason for letter in self.broken]

    @property
    def verdicts(self) -> list[tuple[object, ...]]:
        """What must not depend on how the file was cut: repr tells -0.0 from 0.0, and NaN is itself."""
        rows = [
            (place[0], repr(row), record)
            for place, row, record in zip(self.places, self.rows, self.records, strict=True)
        ]
        broken = [
            (letter.place.offset, letter.column, letter.reason, letter.message, letter.record)
            for letter in self.broken
        ]
        return [*rows, *broken]

    def add(self, block: Block) -> None:
        """Take up a block."""
        assert len(block.before) == len(block.broken)
        before = [*block.before, block.batch.num_rows + 1]
        for row, values in enumerate(block.batch.to_pylist()):
            while before[0] <= row:
                before.pop(0)
                self._break(block)
            place = block.place(row)
            self.rows.append(values)
            self.places.append((place.offset, place.line))
            assert block.record is not None
            self.records.append(block.record(row))
            self.order.append(place.offset)
        while len(before) > 1:
            before.pop(0)
            self._break(block)

    def _break(self, block: Block) -> None:
        letter = block.broken.pop(0)
        self.broken.append(letter)
        self.order.append(letter.place.offset)


def file_of(path: Path, data: bytes, compress: bool = False) -> InputFile:
    """A file with this content."""
    path.write_bytes(gzip.compress(data) if compress else data)
    format, compression = formats.format_of(path.name)
    return InputFile(str(path), format, compression, path.stat().st_size, "1")


def wanted(columns: dict[str, pa.DataType | None], rows: int = 1000, **options: Any) -> Wanted:
    """What a job asks for."""
    return Wanted(columns, rows, **options)


def describe(
    file: InputFile, asked: Wanted, shard_rows: int = 500_000, shard_bytes: int = 1 << 26
) -> Described:
    """The file as its format sees it."""
    with pa.OSFile(file.uri) as source:
        return formats.find(file.format).describe(file, source, asked, shard_rows, shard_bytes)


def read(file: InputFile, asked: Wanted, shard_bytes: int = 1 << 26) -> Read:
    """All rows of a file, cut by cut. Of each cut only its spans can be read, as where it was fetched."""
    found = Read()
    data = Path(file.uri).read_bytes()
    for cut in describe(file, asked, shard_bytes=shard_bytes).cuts:
        path = _with_spans(Path(file.uri), data, cut)
        for block in formats.find(file.format).blocks(file, str(path), cut, asked):
            assert block.batch.num_rows <= asked.rows
            found.add(block)
    assert found.order == sorted(found.order, key=lambda offset: offset or 0)
    return found


def _with_spans(path: Path, data: bytes, cut: Cut) -> Path:
    sparse = bytearray(b"\xff" * len(data))
    for offset, length in cut.spans:
        sparse[offset : offset + length] = data[offset : offset + length]
    part = path.with_name(f"part-{path.name}")
    part.write_bytes(sparse)
    return part


def cut_finely(monkeypatch: pytest.MonkeyPatch, piece_bytes: int, most_line_bytes: int) -> None:
    """Let pieces and lines be small, so that short files have many of them."""
    from runtimes.batch.formats import csv_records, lines

    monkeypatch.setattr(pieces, "PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(pieces, "MOST_LINE_BYTES", most_line_bytes)
    monkeypatch.setattr(csv_records, "MOST_LINE_BYTES", most_line_bytes)
    monkeypatch.setattr(lines, "_STEP_BYTES", max(1, piece_bytes // 16))
    monkeypatch.setattr(lines, "RUN_BYTES", max(1, piece_bytes // 4))
