"""JSON lines: an object for each row, all keys in every line, UTF-8."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.writers import disk, json_text
from runtimes.batch.writers.plain import in_parts, plain_columns, plain_schema
from runtimes.batch.writers.times import check_times


def refusal(kind: pa.DataType) -> str | None:
    return json_text.refusal(kind)


class JsonLines:
    """Rows are written as they come: a line depends on no other."""

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self._path, self._schema = path, plain_schema(schema)
        self._names_bytes = sum(len(name) + 8 for name in schema.names)
        with disk.beginning(path) as self._sink:
            pass

    def write(self, batch: pa.RecordBatch) -> None:
        for part in in_parts(batch, self._names_bytes):
            columns = plain_columns(part, self._schema)
            check_times(columns, self._schema.names)
            lines = json_text.rows(columns, self._schema.names, "}\n")
            _, _, data = lines.buffers()
            with disk.writing(self._path, "JSON lines"):
                self._sink.write(data)

    def close(self) -> None:
        with disk.writing(self._path, "JSON lines"):
            self._sink.close()

    def abandon(self) -> None:
        disk.remove(self._path, self._sink)


open_writer = JsonLines
