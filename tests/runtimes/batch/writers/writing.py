"""Files written by the writers, for their tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from runtimes.batch import writers


def write(format: str, path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> bytes:
    """The bytes of a file of these batches."""
    writer = writers.open_writer(format, str(path), schema)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return path.read_bytes()


def write_table(format: str, path: Path, table: pa.Table) -> bytes:
    return write(format, path, table.to_batches(), table.schema)


def read_back(format: str, path: Path) -> pa.Table:
    """What Arrow's own readers find, of the formats that have types."""
    return pq.read_table(path) if format == "parquet" else pa.ipc.open_file(path).read_all()
