"""Arrow's file format, not compressed: whoever reads it maps it, and pays nothing."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.ipc

from runtimes.batch.writers import grouped
from runtimes.batch.writers.settled import settled


def refusal(kind: pa.DataType) -> str | None:
    """What the writer says of the type by itself."""
    return grouped.refusal(pa.ipc.new_file, kind)


class ArrowFile(grouped.GroupedFile):
    """Record batches of so many rows, or fewer large ones."""

    kind = "Arrow"
    rows = 65_536

    def _begin(self, sink: pa.NativeFile) -> Any:
        return pa.ipc.new_file(sink, self._schema)

    def _write_group(self, group: pa.RecordBatch) -> None:
        columns = [settled(column) for column in group.columns]
        self._file.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))


open_writer = ArrowFile
