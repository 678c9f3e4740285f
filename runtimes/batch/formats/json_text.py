"""One line of JSON lines, read by itself: what it says, or why it says nothing.

The numbers, the last of two keys that are one, and what is no JSON are as in requests to the function.
"""

from __future__ import annotations

import json
import re
from typing import Any

BLANK = b" \t\r"
_HALF_PAIR = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]")
_MOST_DIGITS = 400
_BEYOND: int = 10**_MOST_DIGITS
"""Stands for a number of more digits: beyond all doubles, too."""


class BrokenError(Exception):
    """The line is no object of JSON; the text says why."""


class DeepError(BrokenError):
    """It is nested more deeply than Python reads."""


def read_line(line: bytes) -> dict[str, Any]:
    """The object that stands in a line."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenError(f"the line is not UTF-8 (its byte {error.start})") from None
    try:
        value = _DECODER.decode(text.strip(" \t\r"))
    except RecursionError:
        raise DeepError("the line is nested too deeply") from None
    except ValueError as error:
        raise BrokenError(f"the line is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BrokenError("the line is JSON, but not an object by the names of the columns")
    if _HALF_PAIR.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise BrokenError("the line has half of a surrogate pair, which UTF-8 cannot hold") from None
    return value


def write_json(value: object) -> str:
    """A value as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(text: str) -> int | float:
    if text == "-0":
        return -0.0
    if len(text) > _MOST_DIGITS:
        return -_BEYOND if text.startswith("-") else _BEYOND
    return int(text)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number; for a missing value write null")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_constant=_refuse)
