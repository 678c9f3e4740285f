"""Columns without how they happen to be packed: dictionaries, run ends and views are read out.

The same values may come packed in many ways, and a file has to be the same for the same values.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from runtimes.batch.errors import JobError

_TEXT_BYTES = 8 << 20
_VIEWS = {"string_view": pa.string(), "binary_view": pa.binary()}


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema as it is written; JobError names a column that cannot be read out."""
    return pa.schema([_plain_field(field) for field in schema])


def plain_columns(batch: pa.RecordBatch, schema: pa.Schema) -> list[pa.Array]:
    """The columns of a batch in the types of a plain schema."""
    return [
        column if column.type == kind else _read_out(column, kind)
        for column, kind in zip(batch.columns, schema.types)
    ]


def in_parts(batch: pa.RecordBatch, row_bytes: int) -> Iterator[pa.RecordBatch]:
    """Few enough rows at once that their text is of a bounded size; ``row_bytes``: what every row has beside
    its values."""
    rows = max(1, int(_TEXT_BYTES / (row_bytes + 4 * batch.nbytes / max(1, batch.num_rows))))
    return (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values, whatever packs them."""
    if isinstance(kind, pa.BaseExtensionType):
        storage = plain_type(kind.storage_type)
        return kind if storage == kind.storage_type else storage
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if pa.types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), _plain_field(kind.item_field), kind.keys_sorted)
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.list_(_plain_field(kind.value_field))
    if pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field), kind.list_size)
    if pa.types.is_struct(kind):
        return pa.struct([_plain_field(field) for field in kind])
    return _VIEWS.get(str(kind), kind)


def _plain_field(field: pa.Field) -> pa.Field:
    kind = plain_type(field.type)
    if kind != field.type:
        try:
            _read_out(pa.nulls(0, field.type), kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
            raise JobError(
                f"the column {field.name} has the type {field.type}, which cannot be read out",
                "leave it out with --keep",
            ) from error
    return pa.field(field.name, kind, field.nullable)


def _read_out(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    return column if column.type == kind else pc.cast(column, kind)
