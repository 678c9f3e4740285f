"""Arrow's file format, not compressed: whoever reads it maps it, and pays nothing."""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa
import pyarrow.ipc

from runtimes.batch.writers import disk
from runtimes.batch.writers.groups import Groups
from runtimes.batch.writers.plain import plain_columns, plain_schema
from runtimes.batch.writers.settled import settled

_ROWS = 65_536


def refusal(kind: pa.DataType) -> str | None:
    """What the writer says of the type by itself."""
    schema = pa.schema([("column", kind)])
    try:
        with pa.ipc.new_file(pa.BufferOutputStream(), schema) as writer:
            writer.write_table(schema.empty_table())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        return str(error).strip()
    return None


class ArrowFile:
    """Record batches of so many rows, or fewer large ones."""

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self._path, self._schema = path, plain_schema(schema)
        self._groups = Groups(self._schema, rows=_ROWS)
        with disk.beginning(path) as self._sink:
            self._file = pa.ipc.new_file(self._sink, self._schema)

    def write(self, batch: pa.RecordBatch) -> None:
        plain = pa.RecordBatch.from_arrays(plain_columns(batch, self._schema), schema=self._schema)
        for group in self._groups.add(plain):
            self._write_group(group)

    def close(self) -> None:
        for group in self._groups.rest():
            self._write_group(group)
        with disk.writing(self._path, "Arrow"):
            self._file.close()
            self._sink.close()

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._file.close()
        disk.remove(self._path, self._sink)

    def _write_group(self, group: pa.RecordBatch) -> None:
        columns = [settled(column) for column in group.columns]
        with disk.writing(self._path, "Arrow"):
            self._file.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))


open_writer = ArrowFile
