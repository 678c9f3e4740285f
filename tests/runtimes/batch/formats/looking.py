"""Files looked at and read through the formats, as a job does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from runtimes.batch.formats import find
from runtimes.batch.work import Block, Described, InputFile, Wanted

ROWS = 1000


def input_file(path: Path, format: str) -> InputFile:
    return InputFile(str(path), format, "", path.stat().st_size, "version")


def describe(
    path: Path,
    format: str,
    columns: list[str] | None = None,
    shard_rows: int = 10**6,
    shard_bytes: int = 10**9,
) -> Described:
    """The file and its cuts; ``columns``: those that are wanted (None: all)."""
    file, module = input_file(path, format), find(format)
    with pa.OSFile(str(path)) as source:
        found = module.describe(file, source, wanted(columns or []), shard_rows, shard_bytes)
        if columns is not None:
            return found
        return module.describe(file, source, wanted(found.schema.names), shard_rows, shard_bytes)


def wanted(columns: list[str], rows: int = ROWS) -> Wanted:
    return Wanted(dict.fromkeys(columns), rows)


def blocks(
    path: Path, format: str, found: Described, columns: list[str], rows: int = ROWS
) -> Iterator[Block]:
    """The blocks of all cuts, whose places count on from the first row of the file."""
    file, module = input_file(path, format), find(format)
    for cut in found.cuts:
        first = cut.first_row
        for block in module.blocks(file, str(path), cut, wanted(columns, rows)):
            assert block.batch.schema.names == columns
            assert (block.broken, block.before) == ([], [])
            assert block.place(0).row == first
            assert first is not None
            first += block.batch.num_rows
            yield block


def read(
    path: Path, format: str, columns: list[str] | None = None, rows: int = ROWS, shard_rows: int = 10**6
) -> pa.Table:
    """All rows, by way of cuts and blocks."""
    found = describe(path, format, columns, shard_rows)
    names = columns if columns is not None else found.schema.names
    schema = pa.schema([found.schema.field(name) for name in names])
    return pa.Table.from_batches([block.batch for block in blocks(path, format, found, names, rows)], schema)


def punched(path: Path, spans: tuple[tuple[int, int], ...]) -> Path:
    """A file of the same size that holds nothing but the spans."""
    content = path.read_bytes()
    dest = path.with_name(f"punched-{path.name}")
    with dest.open("wb") as stream:
        stream.truncate(len(content))
        for start, length in spans:
            assert 0 <= start <= start + length <= len(content)
            stream.seek(start)
            stream.write(content[start : start + length])
    return dest
