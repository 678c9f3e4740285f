"""CSV by RFC 4180: a header, texts in quotes, null as nothing at all (an empty text is two quotes)."""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from runtimes.batch.writers import disk, json_text
from runtimes.batch.writers.plain import in_parts, plain_columns, plain_schema
from runtimes.batch.writers.times import check_times

_ROWS_AT_ONCE = 4096


def refusal(kind: pa.DataType) -> str | None:
    return json_text.refusal(kind)


class Csv:
    """Numbers in the shortest text that reads as the same number; lists, structs and maps as JSON; bytes in
    base64; times with a zone in UTC."""

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self._path, self._schema = path, plain_schema(schema)
        self._written = pa.schema([(field.name, _written_type(field.type)) for field in self._schema])
        # A line with nothing at all is no row to most readers.
        self._alone = len(self._schema) == 1
        if self._alone:
            self._written = pa.schema([(self._schema.names[0], pa.string())])
        options = pa.csv.WriteOptions(batch_size=_ROWS_AT_ONCE)
        with disk.beginning(path) as self._sink:
            self._file = pa.csv.CSVWriter(self._sink, self._written, write_options=options)

    def write(self, batch: pa.RecordBatch) -> None:
        for part in in_parts(batch, len(self._schema)):
            plain = plain_columns(part, self._schema)
            check_times(plain, self._schema.names)
            columns = [_as_written(column, kind) for column, kind in zip(plain, self._written.types)]
            if self._alone:
                columns = [pc.fill_null(columns[0], "")]
            with disk.writing(self._path, "CSV"):
                self._file.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._written))

    def close(self) -> None:
        with disk.writing(self._path, "CSV"):
            self._file.close()
            self._sink.close()

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._file.close()
        disk.remove(self._path, self._sink)


open_writer = Csv


def _written_type(kind: pa.DataType) -> pa.DataType:
    """What Arrow's own writer is given: a type that it writes as is right, else text."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.string() if kind == pa.uuid() else _written_type(kind.storage_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit, None if kind.tz is None else "UTC")
    plain = (
        pa.types.is_boolean(kind), pa.types.is_integer(kind), pa.types.is_floating(kind),
        pa.types.is_string(kind), pa.types.is_large_string(kind), pa.types.is_decimal(kind),
        pa.types.is_date(kind), pa.types.is_time(kind), pa.types.is_duration(kind), pa.types.is_null(kind),
    )  # fmt: skip
    return kind if any(plain) else pa.string()


def _as_written(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    own = column.type
    if isinstance(own, pa.BaseExtensionType) and own != pa.uuid():
        return _as_written(column.storage, kind)
    if own.num_fields:
        return pc.if_else(column.is_valid(), json_text.values(column), None)
    if own == pa.uuid():
        return pc.utf8_trim(pc.if_else(column.is_valid(), json_text.values(column), None), '"')
    if json_text.is_bytes(own):
        return json_text.base64(column)
    return column.cast(kind)
