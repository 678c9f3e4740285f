"""What the values of an object mean in the types of columns, one by one; as Arrow reads them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from runtimes.batch.formats.cells import limits_of
from runtimes.batch.formats.json_text import write_json
from runtimes.batch.formats.missing import hint_of
from runtimes.core.nested import brief


class MisfitError(Exception):
    """A value that its column does not hold: the code of the reason, and the sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


Convert = Callable[[Any, str], Any]
"""Gives a value as Arrow takes it; the text names its place."""


def converter(type_: pa.DataType, missing: tuple[str, ...] = ()) -> Convert:
    """What reads the values of one type; null stays null, and so are the texts that are ``missing``, but not
    in a column of texts."""
    read = _reader(type_)
    if missing and not pt.is_string(type_):
        return lambda value, place: None if value is None or value in missing else read(value, place)
    return lambda value, place: None if value is None else read(value, place)


def kept_converter(type_: pa.DataType, missing: tuple[str, ...] = ()) -> Convert:
    """The same for a column that only comes along, whose type the beginning of the file told. Among texts,
    anything else is kept as JSON text."""
    read = converter(type_, missing)

    def convert(value: Any, place: str) -> Any:
        try:
            return read(value, place)
        except MisfitError:
            if pt.is_string(type_):
                return write_json(value)
            told = f"{place} is {brief(value)}, and {type_} in the file's first megabyte"
            raise MisfitError("wrong_type", f"{told}; --keep leaves it out") from None

    return convert


def _reader(type_: pa.DataType) -> Convert:
    if pt.is_floating(type_):
        return _number
    if pt.is_integer(type_):
        low, high = limits_of(type_)
        return lambda value, place: _whole(value, place, low, high)
    if pt.is_list(type_):
        read = converter(type_.value_type)
        return lambda value, place: _list(value, place, read)
    if pt.is_boolean(type_):
        return lambda value, place: _plain(value, place, bool, "not_a_boolean", "true or false")
    if pt.is_string(type_):
        return lambda value, place: _plain(value, place, str, "not_text", "text")
    return lambda value, place: _plain(value, place, type(None), "wrong_type", str(type_))


def _plain(value: Any, place: str, type_: type, reason: str, expected: str) -> Any:
    if type(value) is type_:
        return value
    raise MisfitError(reason, f"{place} must be {expected}, not {brief(value)}{_hint(value)}")


def _list(value: Any, place: str, read: Convert) -> list[Any]:
    if isinstance(value, list):
        return [read(item, f"{place}[{at}]") for at, item in enumerate(value)]
    raise MisfitError("wrong_length", f"{place} must be a list, not {brief(value)}")


def _number(value: Any, place: str) -> float:
    if type(value) is float:
        return value
    if type(value) is not int:
        raise MisfitError("not_a_number", f"{place} must be a number, not {brief(value)}{_hint(value)}")
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _whole(value: Any, place: str, low: int, high: int) -> int:
    number = int(value) if type(value) is float and value.is_integer() else value
    if type(number) is not int:
        reason = "not_whole" if type(value) is float else "not_a_number"
        message = f"{place} must be a whole number, not {brief(value)}{_hint(value)}"
        raise MisfitError(reason, message)
    if not low <= number <= high:
        raise MisfitError("too_large", f"{place} is larger or smaller than {low} to {high}: {brief(value)}")
    return number


def _hint(value: object) -> str:
    return hint_of(value) if isinstance(value, str) else ""
