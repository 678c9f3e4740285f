"""Columns as JSON texts, column by column: no row is touched by Python but what has no other way.

null, NaN and infinite numbers are null. Whole numbers and decimals are written with all of their digits,
dates and times in ISO 8601 (with a zone: in UTC, with a Z), durations as their number, bytes in base64,
structs as objects, lists as arrays, maps as arrays of {"key", "value"}.
"""

from __future__ import annotations

import json
import uuid
from binascii import b2a_base64

import pyarrow as pa
import pyarrow.compute as pc

_ESCAPED = bytes(range(32)) + b'"\\'


def refusal(kind: pa.DataType) -> str | None:
    """Why a plain type has no JSON."""
    if isinstance(kind, pa.BaseExtensionType):
        return refusal(kind.storage_type)
    if pa.types.is_union(kind) or pa.types.is_interval(kind):
        return "there is no text for it"
    inner = (refusal(kind.field(place).type) for place in range(kind.num_fields))
    return next((reason for reason in inner if reason is not None), None)


def rows(columns: list[pa.Array], names: list[str], end: str = "}") -> pa.Array:
    """Each row as an object."""
    parts: list[pa.Array | str] = []
    for place, (name, column) in enumerate(zip(names, columns)):
        parts += [f"{'{' if place == 0 else ','}{json.dumps(name, ensure_ascii=False)}:", values(column)]
    return pc.binary_join_element_wise(*parts, end, "")


def values(column: pa.Array) -> pa.Array:
    """Each value as its text; null is `null`."""
    kind = column.type
    if pa.types.is_null(kind):
        return pa.repeat("null", len(column))
    texts = _render(column, kind)
    return texts.fill_null("null") if texts.null_count else texts


def _render(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        return _uuids(column.storage) if kind == pa.uuid() else _render(column.storage, kind.storage_type)
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _quoted(_escaped(column.cast(pa.string())))
    if pa.types.is_struct(kind):
        return _structs(column)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return _lists(column)
    if pa.types.is_fixed_size_list(kind):
        return _fixed_lists(column)
    if pa.types.is_timestamp(kind):
        return _times(column)
    return _quoted(_scalars(column, kind)) if _needs_quotes(kind) else _scalars(column, kind)


def _needs_quotes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_time(kind) or is_bytes(kind))


def _scalars(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if is_bytes(kind):
        return base64(column)
    return (column.cast(pa.int64()) if pa.types.is_duration(kind) else column).cast(pa.string())


def is_bytes(kind: pa.DataType) -> bool:
    """Whether the values are bytes, which no text holds as they are."""
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )


def base64(column: pa.Array) -> pa.Array:
    """Bytes as text."""
    return pa.array(
        [None if item is None else b2a_base64(item, newline=False).decode() for item in column.to_pylist()],
        pa.string(),
    )


def _uuids(column: pa.Array) -> pa.Array:
    texts = [None if item is None else str(uuid.UUID(bytes=item)) for item in column.to_pylist()]
    return _quoted(pa.array(texts, pa.string()))


def _floats(column: pa.Array) -> pa.Array:
    """The shortest text that reads as the same number."""
    texts = column.cast(pa.string())
    finite = pc.is_finite(column)
    return texts if pc.all(finite, min_count=0).as_py() else pc.if_else(finite, texts, None)


def _times(column: pa.Array) -> pa.Array:
    if column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    return _quoted(pc.replace_substring(column.cast(pa.string()), " ", "T"))


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', texts, '"', "")


def _escaped(texts: pa.Array) -> pa.Array:
    """The texts with what JSON does not take as it is behind a backslash; most have none of it."""
    found = _special_characters(texts)
    for special in sorted(found, key=lambda special: special != "\\"):
        texts = pc.replace_substring(texts, special, json.dumps(special)[1:-1])
    return texts


def _special_characters(texts: pa.Array) -> set[str]:
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return set()
    ends = pa.Array.from_buffers(pa.int32(), len(texts) + 1, [None, offsets], offset=texts.offset)
    start, stop = ends[0].as_py(), ends[-1].as_py()
    read = data.slice(start, stop - start).to_pybytes()
    if len(read.translate(None, _ESCAPED)) == len(read):
        return set()
    return {chr(code) for code in _ESCAPED if code in read}


def _structs(column: pa.Array) -> pa.Array:
    names = [field.name for field in column.type]
    texts = rows(column.flatten(), names) if names else pa.repeat("{}", len(column))
    return pc.if_else(column.is_valid(), texts, None)


def _lists(column: pa.Array) -> pa.Array:
    inner = column.values
    if pa.types.is_map(column.type):
        inner = pa.StructArray.from_arrays([column.keys, column.items], ["key", "value"])
    start, stop = column.offsets[0].as_py(), column.offsets[-1].as_py()
    offsets = pc.subtract(column.offsets, start).cast(pa.int32())
    return _joined(column, offsets, inner.slice(start, stop - start))


def _fixed_lists(column: pa.Array) -> pa.Array:
    size = column.type.list_size
    offsets = pa.array(range(0, (len(column) + 1) * size, size), pa.int32()) if size else None
    if offsets is None:
        return pc.if_else(column.is_valid(), "[]", None)
    return _joined(column, offsets, column.values.slice(column.offset * size, len(column) * size))


def _joined(column: pa.Array, offsets: pa.Array, inner: pa.Array) -> pa.Array:
    texts = pc.binary_join(pa.ListArray.from_arrays(offsets, values(inner)), ",")
    return pc.if_else(column.is_valid(), pc.binary_join_element_wise("[", texts, "]", ""), None)
