"""Parquet: what every reader reads, at the price of little more than copying the columns."""

from __future__ import annotations

from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from runtimes.batch.writers import disk
from runtimes.batch.writers.groups import Groups
from runtimes.batch.writers.plain import plain_columns, plain_schema


def refusal(kind: pa.DataType) -> str | None:
    """What the writer says of the type by itself."""
    schema = pa.schema([("column", kind)])
    try:
        with pq.ParquetWriter(pa.BufferOutputStream(), schema) as writer:
            writer.write_table(schema.empty_table())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        return str(error).strip()
    return None


class ParquetFile:
    """Snappy; dictionaries for texts, smallest and largest values for all else: dictionaries of numbers and
    extremes of texts would take longer than all the rest."""

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self._path, self._schema = path, plain_schema(schema)
        self._groups = Groups(self._schema)
        texts = [field.name for field in self._schema if _is_text(field.type)]
        others = [field.name for field in self._schema if field.name not in set(texts)]
        with disk.beginning(path) as self._sink:
            self._file = pq.ParquetWriter(
                self._sink,
                self._schema,
                compression="snappy",
                use_dictionary=texts or False,
                write_statistics=others or False,
            )

    def write(self, batch: pa.RecordBatch) -> None:
        plain = pa.RecordBatch.from_arrays(plain_columns(batch, self._schema), schema=self._schema)
        for group in self._groups.add(plain):
            self._write_group(group)

    def close(self) -> None:
        for group in self._groups.rest():
            self._write_group(group)
        with disk.writing(self._path, "Parquet"):
            self._file.close()
            self._sink.close()

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._file.close()
        self._file.is_open = False  # it would try again when it is collected
        disk.remove(self._path, self._sink)

    def _write_group(self, group: pa.RecordBatch) -> None:
        with disk.writing(self._path, "Parquet"):
            self._file.write_table(pa.Table.from_batches([group]), row_group_size=group.num_rows)


open_writer = ParquetFile


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
