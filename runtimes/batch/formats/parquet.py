"""Parquet: cut between row groups, read page by page, so that memory stays flat however large a group is."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from runtimes.batch.errors import JobError
from runtimes.batch.formats.reading import (
    Numbered,
    bounded_rows,
    check_names,
    check_values,
    damaged,
    reading,
    unproven,
)
from runtimes.batch.work import Block, Cut, Described, InputFile, Wanted

_KIND = "Parquet"
_GAP_BYTES = 1 << 20
"""Bytes that nobody asked for are fetched when they are fewer than another request would cost."""
_SLACK_BYTES = 100
"""Old writers leave the header of the dictionary's page out of a column's length; readers add as much."""
_FOOTER_BYTES = 8
_BUFFER_BYTES = 1 << 16
_BUFFERS_BYTES = 8 << 20
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}
_TEXT_WIDTH = 16


def describe(
    file: InputFile, source: pa.NativeFile, wanted: Wanted, shard_rows: int, shard_bytes: int
) -> Described:
    """Reads the footer alone."""
    with reading(file, _KIND):
        footer_bytes = _footer_bytes(file, source)
        opened = pq.ParquetFile(source, pre_buffer=False)
        metadata, schema = opened.metadata, opened.schema_arrow
        check_names(file, schema.names)
    if metadata.serialized_size != footer_bytes:
        # A signature follows: asked for the place of an encrypted column, Arrow would end the process.
        raise _encrypted(file)
    known = set(schema.names)
    leaves = _leaves(file, schema, metadata, [name for name in wanted.columns if name in known])
    cuts = tuple(_cuts(file, metadata, leaves, shard_rows, shard_bytes))
    if sum(cut.rows or 0 for cut in cuts) != metadata.num_rows:
        raise damaged(file, _KIND, "its row groups have not as many rows as its footer says")
    return Described(plain_schema(schema), cuts)


def blocks(file: InputFile, path: str, cut: Cut, wanted: Wanted) -> Iterator[Block]:
    """The rows of some row groups, decoded as far as a block needs."""
    with reading(file, _KIND):
        with pq.ParquetFile(path, pre_buffer=False) as opened:
            metadata, schema = opened.metadata, plain_schema(opened.schema_arrow)
        if cut.stop > metadata.num_row_groups or not set(wanted.columns) <= set(schema.names):
            raise damaged(file, _KIND, "it is not the file that was planned")
        leaves = _leaves(file, schema, metadata, list(wanted.columns))
        row_bytes = max(_row_bytes(metadata.row_group(index), leaves) for index in range(cut.start, cut.stop))
        with pq.ParquetFile(
            path,
            metadata=metadata,
            buffer_size=max(4096, min(_BUFFER_BYTES, _BUFFERS_BYTES // len(leaves))),
            pre_buffer=False,
            page_checksum_verification=True,
        ) as opened:
            # By name, `columns=` would also give what begins with `name.`: it finds nested columns so.
            batches = opened.reader.iter_batches(
                bounded_rows(wanted.rows, row_bytes),
                row_groups=list(range(cut.start, cut.stop)),
                column_indices=leaves,
                use_threads=False,
            )
            yield from _number(file, cut, list(wanted.columns), batches)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The names and types without what writers noted beside them, which differs from file to file."""
    return pa.schema([field.remove_metadata() for field in schema])


def _number(
    file: InputFile, cut: Cut, names: list[str], batches: Iterator[pa.RecordBatch]
) -> Iterator[Block]:
    """The batches as blocks; they must be as many rows as the footer said."""
    first = cut.first_row or 0
    checked: list[int] | None = None
    for batch in batches:
        picked = batch.select(names)
        checked = unproven(picked.schema) if checked is None else checked
        check_values(file, _KIND, picked, checked)
        yield Block(picked, Numbered(first))
        first += picked.num_rows
    if cut.rows is not None and first - (cut.first_row or 0) != cut.rows:
        raise damaged(file, _KIND, f"it says {cut.rows} rows and holds {first - (cut.first_row or 0)}")


def _footer_bytes(file: InputFile, source: pa.NativeFile) -> int:
    """The length of the footer, by the end of the file."""
    source.seek(max(0, file.size_bytes - _FOOTER_BYTES))
    end = source.read(_FOOTER_BYTES)
    if end.endswith(b"PARE"):
        raise _encrypted(file)
    if not end.endswith(b"PAR1"):
        raise damaged(file, _KIND, "its end is not that of a Parquet file: it may be cut off")
    return int.from_bytes(end[:4], "little")


def _encrypted(file: InputFile) -> JobError:
    return JobError(f"{file.uri} is encrypted", "decrypt it first: the job has no keys")


def _cuts(
    file: InputFile, metadata: pq.FileMetaData, leaves: list[int], shard_rows: int, shard_bytes: int
) -> Iterator[Cut]:
    """Adjacent row groups, together while they are few enough rows and bytes."""
    footer = (
        file.size_bytes - metadata.serialized_size - _FOOTER_BYTES,
        metadata.serialized_size + _FOOTER_BYTES,
    )
    start = first_row = rows = size = 0
    spans: list[tuple[int, int]] = []
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        found = [_span(group.column(leaf), footer[0]) for leaf in leaves]
        group_bytes = sum(length for _, length in found)
        if rows and (rows + group.num_rows > shard_rows or size + group_bytes > shard_bytes):
            yield Cut(start, index, first_row, rows, coalesce([*spans, footer]))
            start, first_row, rows, size, spans = index, first_row + rows, 0, 0, []
        rows, size = rows + group.num_rows, size + group_bytes
        spans += found
    if rows:
        yield Cut(start, metadata.num_row_groups, first_row, rows, coalesce([*spans, footer]))


def _span(chunk: pq.ColumnChunkMetaData, end: int) -> tuple[int, int]:
    """Where the pages of a column of a row group are, that of the dictionary before the others."""
    start = chunk.data_page_offset
    if chunk.dictionary_page_offset and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    return start, max(0, min(chunk.total_compressed_size + _SLACK_BYTES, end - start))


def coalesce(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same bytes in order, in as few pieces as small gaps between them allow."""
    merged: list[tuple[int, int]] = []
    for start, length in sorted(spans):
        if merged and start <= sum(merged[-1]) + _GAP_BYTES:
            before = merged[-1]
            merged[-1] = (before[0], max(sum(before), start + length) - before[0])
        else:
            merged.append((start, length))
    return tuple(merged)


def _leaves(file: InputFile, schema: pa.Schema, metadata: pq.FileMetaData, names: list[str]) -> list[int]:
    """The places of the columns among those that Parquet stores: one for each leaf of a nested column."""
    places: dict[str, range] = {}
    stop = 0
    for field in schema:
        start, stop = stop, stop + _count_leaves(field.type)
        places[field.name] = range(start, stop)
    if stop != metadata.num_columns:
        raise JobError(
            f"{file.uri} has {metadata.num_columns} columns on disk where {stop} were expected",
            "write it again without nested columns",
        )
    return sorted(leaf for name in names for leaf in places[name])


def _count_leaves(kind: pa.DataType) -> int:
    if isinstance(kind, pa.BaseExtensionType):
        return _count_leaves(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _count_leaves(kind.value_type)
    return sum(_count_leaves(kind.field(index).type) for index in range(kind.num_fields)) or 1


def _row_bytes(group: pq.RowGroupMetaData, leaves: list[int]) -> float:
    """About how many bytes of memory a row takes when it is decoded."""
    size = 0
    for leaf in leaves:
        chunk = group.column(leaf)
        width = _WIDTHS.get(chunk.physical_type, _TEXT_WIDTH)
        size += max(chunk.num_values * width, chunk.total_uncompressed_size)
    return float(size / max(1, group.num_rows))
