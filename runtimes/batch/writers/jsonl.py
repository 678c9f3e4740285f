"""JSON lines: an object for each row, all keys in every line, UTF-8."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.stores.disk import failures
from runtimes.batch.writers import disk, json_text
from runtimes.batch.writers.plain import plain_columns, plain_schema

_TEXT_BYTES = 8 << 20


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
        for start, rows in self._slices(batch):
            columns = plain_columns(batch.slice(start, rows), self._schema)
            lines = json_text.rows(columns, self._schema.names, "}\n")
            _, _, data = lines.buffers()
            with failures(self._path):
                self._sink.write(data)

    def close(self) -> None:
        with failures(self._path):
            self._sink.close()

    def abandon(self) -> None:
        disk.remove(self._path, self._sink)

    def _slices(self, batch: pa.RecordBatch) -> list[tuple[int, int]]:
        """Few enough rows that their text is of a bounded size."""
        if not batch.num_rows:
            return []
        row_bytes = self._names_bytes + 4 * batch.nbytes / batch.num_rows
        rows = max(1, int(_TEXT_BYTES / row_bytes))
        return [(start, min(rows, batch.num_rows - start)) for start in range(0, batch.num_rows, rows)]


open_writer = JsonLines
