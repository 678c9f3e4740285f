"""What the writers of groups of rows share: Parquet's row groups and Arrow's record batches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa

from runtimes.batch.writers import disk
from runtimes.batch.writers.groups import GROUP_ROWS, Groups
from runtimes.batch.writers.plain import plain_columns, plain_schema


class GroupedFile:
    """A file of groups whose borders depend on the rows alone. ``kind``: the format's name in sentences."""

    kind: str
    rows = GROUP_ROWS

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self._path, self._schema = path, plain_schema(schema)
        self._groups = Groups(self._schema, rows=self.rows)
        with disk.beginning(path) as self._sink:
            self._file = self._begin(self._sink)

    def write(self, batch: pa.RecordBatch) -> None:
        plain = pa.RecordBatch.from_arrays(plain_columns(batch, self._schema), schema=self._schema)
        for group in self._groups.add(plain):
            self._write(group)

    def close(self) -> None:
        for group in self._groups.rest():
            self._write(group)
        with disk.writing(self._path, self.kind):
            self._file.close()
            self._sink.close()

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._file.close()
        disk.remove(self._path, self._sink)

    def _write(self, group: pa.RecordBatch) -> None:
        with disk.writing(self._path, self.kind):
            self._write_group(group)

    def _begin(self, sink: pa.NativeFile) -> Any:
        """The library's own writer over an open file."""
        raise NotImplementedError

    def _write_group(self, group: pa.RecordBatch) -> None:
        """Hand a group to it."""
        raise NotImplementedError


def refusal(begin: Callable[[pa.NativeFile, pa.Schema], Any], kind: pa.DataType) -> str | None:
    """What the library's own writer says of a type by itself."""
    schema = pa.schema([("column", kind)])
    try:
        with begin(pa.BufferOutputStream(), schema) as writer:
            writer.write_table(schema.empty_table())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        return str(error).strip()
    return None
