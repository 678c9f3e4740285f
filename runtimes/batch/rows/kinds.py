"""Which types of columns hold what a model takes, as JSON's numbers, truths and texts do."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from runtimes.core.nested import KIND_OF_DTYPE
from runtimes.core.tensors import FLOATS

ARROW = {
    "float16": pa.float16(), "float32": pa.float32(), "float64": pa.float64(),
    "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint8": pa.uint8(), "uint16": pa.uint16(), "uint32": pa.uint32(), "uint64": pa.uint64(),
    "bool": pa.bool_(), "string": pa.string(),
}  # fmt: skip
"""The Arrow type of each dtype of a tensor."""

_TAKES = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "text": "text"}


def kind_of(dtype: str) -> str:
    """What an input without features takes."""
    return KIND_OF_DTYPE.get(dtype, "integer")


def text_type(kind: str, dtype: str) -> pa.DataType:
    """The type to read text of a file as, so that no value is lost before it is judged."""
    if kind == "integer":
        return pa.uint64() if dtype == "uint64" else pa.int64()
    return {"boolean": pa.bool_(), "text": pa.string()}.get(kind, pa.float64())


def plain_type(type_: pa.DataType) -> pa.DataType:
    """The type of the values themselves: of a dictionary, or of runs, what they stand for."""
    while pt.is_dictionary(type_) or pt.is_run_end_encoded(type_):
        type_ = type_.value_type
    return type_


def plain(column: pa.Array) -> pa.Array:
    """The values themselves."""
    while True:
        if pt.is_dictionary(column.type):
            column = column.dictionary_decode()
        elif pt.is_run_end_encoded(column.type):
            column = pc.run_end_decode(column)
        else:
            return column


def movable(type_: pa.DataType) -> pa.DataType:
    """The type that Arrow can take some rows of: the same but for views and runs."""
    if pt.is_run_end_encoded(type_):
        return movable(type_.value_type)
    return {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}.get(type_, type_)


def moved(column: pa.Array) -> pa.Array:
    """The column in that type."""
    column = pc.run_end_decode(column) if pt.is_run_end_encoded(column.type) else column
    return column.cast(movable(column.type))


def takes(kind: str, type_: pa.DataType) -> bool:
    """Whether values of this type may be what the model takes, as far as their type says."""
    type_ = plain_type(type_)
    if pt.is_null(type_):
        return True
    if kind == "text":
        return bool(pt.is_string(type_) or pt.is_large_string(type_) or pt.is_string_view(type_))
    if kind == "boolean":
        return bool(pt.is_boolean(type_))
    return bool(pt.is_integer(type_) or pt.is_floating(type_) or pt.is_decimal(type_))


def refusal(name: str, kind: str, column: str, type_: pa.DataType) -> str:
    """What is wrong with a column of another type."""
    called = name if name == column else f"{name} (the column {column!r})"
    return f"{called} is {plain_type(type_)}, and the model takes {_TAKES[kind]}"


def holds_missing(dtype: str) -> bool:
    """Whether a tensor of this dtype can say that a value is missing."""
    return dtype in FLOATS or dtype == "string"
