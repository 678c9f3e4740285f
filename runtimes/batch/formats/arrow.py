"""Arrow's IPC files (Feather is one) and streams: cut between record batches, over memory where they lie."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.ipc

from runtimes.batch.formats.arrow_messages import (
    CONTINUATION,
    MAGIC,
    Stored,
    is_compressed,
    read_footer,
    walk_stream,
)
from runtimes.batch.formats.parquet import coalesce, plain_schema
from runtimes.batch.formats.reading import (
    BLOCK_BYTES,
    Numbered,
    bounded_rows,
    check_names,
    check_values,
    damaged,
    reading,
    unproven,
)
from runtimes.batch.work import Block, Cut, Described, InputFile, Wanted

_KIND = "Arrow"
_FEATHER_1 = b"FEA1"


def describe(
    file: InputFile,
    source: pa.NativeFile,
    wanted: Wanted,  # noqa: ARG001 – what is wanted does not change where the file may be cut
    shard_rows: int,
    shard_bytes: int,
) -> Described:
    """Reads the footer and the head of each record batch; of a stream, the head of each message."""
    with reading(file, _KIND):
        source.seek(0)
        magic = source.read(len(MAGIC))
        if magic.startswith(_FEATHER_1):
            raise damaged(file, _KIND, "it is Feather of version 1", "write it again as Feather of version 2")
        if magic != MAGIC and not magic.startswith(CONTINUATION):
            raise damaged(file, _KIND, "it begins neither as a file of Arrow does nor as a stream")
        source.seek(0)
        if magic == MAGIC:
            schema = pa.ipc.open_file(source).schema
            cuts = _cuts_of_file(file, source, shard_rows, shard_bytes)
        else:
            schema = pa.ipc.open_stream(source).schema
            cuts = _cuts_of_stream(file, source)
        check_names(file, schema.names)
    return Described(plain_schema(schema), cuts)


def blocks(file: InputFile, path: str, cut: Cut, wanted: Wanted) -> Iterator[Block]:
    """The rows of some record batches, as they lie in the mapped file; compressed ones are unpacked whole."""
    with reading(file, _KIND), open(path, "rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
    with reading(file, _KIND):
        first, seen = cut.first_row or 0, 0
        for part in _even(_parts(file, mapped, cut, wanted)):
            yield Block(part.batch, Numbered(first))
            first += part.batch.num_rows
            seen += part.size_bytes
            if seen >= BLOCK_BYTES:
                # What was read is dropped from this process: the system still has it, and memory stays flat.
                mapped.madvise(mmap.MADV_DONTNEED)
                seen = 0
    if cut.rows is not None and first - (cut.first_row or 0) != cut.rows:
        raise damaged(file, _KIND, f"it says {cut.rows} rows and holds {first - (cut.first_row or 0)}")


@dataclass(frozen=True)
class _Part:
    """Rows of one record batch, or of several; of rows as large as these a block has so many at most."""

    batch: pa.RecordBatch
    size_bytes: int
    most_rows: int


def _parts(file: InputFile, mapped: mmap.mmap, cut: Cut, wanted: Wanted) -> Iterator[_Part]:
    """The wanted columns of the record batches of a cut, in slices."""
    source = pa.py_buffer(mapped)
    opened = pa.ipc.open_file if mapped[: len(MAGIC)] == MAGIC else pa.ipc.open_stream
    schema = opened(source).schema
    names = list(wanted.columns)
    if not set(names) <= set(schema.names):
        raise damaged(file, _KIND, "it is not the file that was planned")
    for batch in _stored(file, source, cut, [schema.get_field_index(name) for name in names]):
        picked = batch.select(names)
        checked = unproven(picked.schema)
        row_bytes = picked.nbytes / max(1, picked.num_rows)
        most_rows = bounded_rows(wanted.rows, row_bytes)
        for start in range(0, picked.num_rows, most_rows):
            part = picked.slice(start, most_rows)
            check_values(file, _KIND, part, checked)
            yield _Part(part, int(part.num_rows * row_bytes), most_rows)


def _stored(file: InputFile, source: pa.Buffer, cut: Cut, places: list[int]) -> Iterator[pa.RecordBatch]:
    """The record batches of a cut, with at least the columns at these places."""
    options = pa.ipc.IpcReadOptions(
        ensure_alignment=pa.ipc.Alignment.DataTypeSpecific, use_threads=False, included_fields=places
    )
    if source.slice(0, len(MAGIC)).to_pybytes() != MAGIC:
        yield from pa.ipc.open_stream(source, options=options)
        return
    if not is_compressed(pa.BufferReader(source), source.size, cut.start):
        options.included_fields = []  # Arrow would copy what it is asked for; all as they lie are free
    reader = pa.ipc.open_file(source, options=options)
    if cut.stop > reader.num_record_batches:
        raise damaged(file, _KIND, "it is not the file that was planned")
    for index in range(cut.start, cut.stop):
        yield reader.get_batch(index)


def _even(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Small record batches together: a model answers few rows at once at a much higher price."""
    waiting: list[_Part] = []
    for part in parts:
        most_rows = min(one.most_rows for one in (*waiting, part))
        if waiting and sum(one.batch.num_rows for one in (*waiting, part)) > most_rows:
            yield _together(waiting)
            waiting = []
        waiting.append(part)
    if waiting:
        yield _together(waiting)


def _together(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    return _Part(
        pa.concat_batches([part.batch for part in parts]),
        sum(part.size_bytes for part in parts),
        min(part.most_rows for part in parts),
    )


def _cuts_of_file(
    file: InputFile, source: pa.NativeFile, shard_rows: int, shard_bytes: int
) -> tuple[Cut, ...]:
    """Adjacent record batches, together while they are few enough rows and bytes."""
    dictionaries, batches, footer = read_footer(source, file.size_bytes)
    always = [(0, 8), *(stored.span for stored in dictionaries), (footer, file.size_bytes - footer)]
    cuts: list[Cut] = []
    start = first_row = 0
    group: list[Stored] = []

    def close() -> None:
        rows = sum(stored.rows for stored in group)
        if rows:
            spans = coalesce([*always, *(stored.span for stored in group)])
            cuts.append(Cut(start, start + len(group), first_row, rows, spans))

    for index, stored in enumerate(batches):
        rows = sum(each.rows for each in group)
        size = sum(each.length for each in group)
        if rows and (rows + stored.rows > shard_rows or size + stored.length > shard_bytes):
            close()
            start, first_row, group = index, first_row + rows, []
        group.append(stored)
    close()
    return tuple(cuts)


def _cuts_of_stream(file: InputFile, source: pa.NativeFile) -> tuple[Cut, ...]:
    """A stream is one part: what a dictionary of it means depends on all that came before."""
    batches = list(walk_stream(source, file.size_bytes))
    rows = sum(stored.rows for stored in batches)
    return (Cut(0, len(batches), 0, rows, ((0, file.size_bytes),)),) if rows else ()
