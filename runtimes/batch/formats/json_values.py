"""What the values of an object mean in the types of columns, one by one; as Arrow reads them at once."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from runtimes.batch.formats.cells import limits_of
from runtimes.batch.formats.json_text import write_json
from runtimes.core.nested import brief


class MisfitError(Exception):
    """A value that its column does not hold: the code of the reason, and the sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def convert(value: Any, type_: pa.DataType, place: str) -> Any:
    """The value as Arrow takes it; ``place`` names it."""
    if value is None:
        return None
    if pt.is_floating(type_):
        return _number(value, place)
    if pt.is_integer(type_):
        return _whole(value, type_, place)
    if pt.is_boolean(type_):
        if isinstance(value, bool):
            return value
        raise MisfitError("not_a_boolean", f"{place} must be true or false, not {brief(value)}")
    if pt.is_string(type_):
        if isinstance(value, str):
            return value
        raise MisfitError("not_text", f"{place} must be text, not {brief(value)}")
    if pt.is_list(type_):
        if isinstance(value, list):
            return [convert(item, type_.value_type, f"{place}[{at}]") for at, item in enumerate(value)]
        raise MisfitError("wrong_length", f"{place} must be a list, not {brief(value)}")
    raise MisfitError("wrong_type", f"{place} must be {type_}, not {brief(value)}")


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MisfitError("not_a_number", f"{place} must be a number, not {brief(value)}")
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _whole(value: Any, type_: pa.DataType, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MisfitError("not_a_number", f"{place} must be a whole number, not {brief(value)}")
    if isinstance(value, float):
        if not value.is_integer():
            raise MisfitError("not_whole", f"{place} must be a whole number, not {brief(value)}")
        value = int(value)
    low, high = limits_of(type_)
    if not low <= value <= high:
        raise MisfitError("too_large", f"{place} is too large for {type_}: {brief(value)}")
    return int(value)


def convert_kept(value: Any, type_: pa.DataType, name: str) -> Any:
    """The same for a column that only comes along, whose type the beginning of the file told. Among texts,
    anything else is kept as JSON text."""
    try:
        return convert(value, type_, name)
    except MisfitError:
        if pt.is_string(type_):
            return write_json(value)
        raise MisfitError(
            "wrong_type",
            f"{name} is {brief(value)}, and {type_} in the file's first megabyte; --keep leaves it out",
        ) from None
