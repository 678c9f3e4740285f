"""Parquet: what every reader reads, at the price of little more than copying the columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runtimes.batch.writers import grouped


def refusal(kind: pa.DataType) -> str | None:
    """What the writer says of the type by itself."""
    return grouped.refusal(pq.ParquetWriter, kind)


class ParquetFile(grouped.GroupedFile):
    """Snappy; dictionaries for texts, smallest and largest values for all else: dictionaries of numbers and
    extremes of texts would take longer than all the rest."""

    kind = "Parquet"

    def abandon(self) -> None:
        super().abandon()
        self._file.is_open = False  # it would try again when it is collected

    def _begin(self, sink: pa.NativeFile) -> Any:
        texts = [field.name for field in self._schema if _is_text(field.type)]
        others = [field.name for field in self._schema if field.name not in set(texts)]
        return pq.ParquetWriter(
            sink,
            self._schema,
            compression="snappy",
            use_dictionary=texts or False,
            write_statistics=others or False,
        )

    def _write_group(self, group: pa.RecordBatch) -> None:
        self._file.write_table(pa.Table.from_batches([group]), row_group_size=group.num_rows)


open_writer = ParquetFile


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
