"""Which lines of JSON can be read all at once, and what becomes of the others, one by one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from runtimes.batch.formats.json_text import BrokenError, DeepError, read_line
from runtimes.batch.formats.json_values import Convert, MisfitError

_NOT_FINITE = re.compile(rb"[:,\[\s-](?:NaN|Inf(?:inity)?)\s*[,\]}]")


@dataclass(frozen=True)
class Refusal:
    """Why a line is no row. ``is_deep``: it is nested so deeply that Python does not read it."""

    column: str | None
    reason: str
    message: str
    is_deep: bool = False


class Judge:
    """Reads lines by themselves. ``columns``: what reads the values of each."""

    def __init__(self, columns: dict[str, Convert]) -> None:
        self._columns = columns

    def plain(self, line: bytes) -> bytes | Refusal:
        """The row as the plainest line that says the same, or why it is none."""
        try:
            row = read_line(line)
        except BrokenError as error:
            return Refusal(None, "broken_line", str(error), isinstance(error, DeepError))
        values = {}
        for name, convert in self._columns.items():
            try:
                values[name] = convert(row.get(name), name)
            except MisfitError as misfit:
                return Refusal(name, misfit.reason, misfit.message)
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def is_plain(data: bytes, count: int) -> bool:
    """Whether each line begins and ends as an object does, and nothing is there that Arrow takes and JSON
    does not. So no object goes on over lines, and there are as many rows as lines if none holds several.
    (Arrow ends the process where the first line is ``null``.)"""
    if not data.startswith(b"{") or not data.endswith((b"}", b"}\n", b"}\r\n")):
        return False
    borders = data.count(b"}\n{")
    if borders != count - 1 and borders + data.count(b"}\r\n{") != count - 1:
        return False
    if (b"N" in data or b"I" in data) and (b"NaN" in data or b"Inf" in data) and _NOT_FINITE.search(data):
        return False
    return data.isascii() or _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
