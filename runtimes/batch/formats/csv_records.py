"""Which lines of CSV are records: the quotes of each in order, no end of a line within one unless it may be.

As everywhere in packager: a quoted value begins and ends with its quotes, and a quote within it is written
twice; in a value that does not begin with one, it stands for itself. Empty lines are no records.
"""

from __future__ import annotations

import re
from functools import lru_cache

from runtimes.batch.formats.lines import Sifted, apart, runs
from runtimes.batch.formats.pieces import MOST_LINE_BYTES, Piece

OPEN = "a quoted value does not end on its line; if values hold ends of lines, say --newlines-in-values"
_OPEN_WHOLE = f"a quoted value does not end, or not within {MOST_LINE_BYTES} bytes"
_BEHIND = "text stands behind the closing quote of a value"
_RETURN = "a carriage return stands within the line, outside of quotes or without --newlines-in-values"


class Grammar:
    """The patterns of one delimiter."""

    def __init__(self, delimiter: str) -> None:
        d = re.escape(delimiter.encode())
        quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
        field = rb"(?:" + quoted + rb'|[^"\r\n' + d + rb"][^\r\n" + d + rb"]*+|)"
        fields = field + rb"(?:" + d + field + rb")*+"
        inside = rb'"[^"\r\n]*+(?:""[^"\r\n]*+)*+"'
        self.sound = re.compile(
            rb'(?:[^"]*+(?<![^\n' + d + rb"])" + inside + rb"(?=[\r\n" + d + rb']|\Z))*+[^"]*+'
        )
        """A piece all of whose quotes are in order, and close on their lines."""
        self.line = re.compile(fields)
        self.record = re.compile(fields + rb"\r?\n")
        self.last_record = re.compile(fields + rb"(?:\r?\n|\r?\Z)")
        self.open = re.compile(rb"(?:" + field + d + rb')*+"[^"]*+(?:""[^"]*+)*+\Z')


@lru_cache(maxsize=8)
def grammar(delimiter: str) -> Grammar:
    """The grammar of CSV with this delimiter."""
    return Grammar(delimiter)


def is_sound(data: bytes, delimiter: str) -> bool:
    """Whether each line is a record by all that can be told without taking it apart, or is empty."""
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False
    if b'"' in data and not grammar(delimiter).sound.fullmatch(data):
        return False
    return data.isascii() or why_not_utf8(data) is None


def why_not_utf8(line: bytes) -> str | None:
    """What is wrong with a line that is no UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"the line is not UTF-8 (its byte {error.start})"
    return None


def sift_lines(piece: Piece, delimiter: str) -> Sifted:
    """The records of a piece in which each stands on a line of its own."""
    sifted, data = Sifted(piece), piece.data
    for run in runs(data):
        part = data[run[0] : run[1]]
        if is_sound(part, delimiter) and not _has_empty(part):
            sifted.good.append(run)
            continue
        for span, line in apart(data, run):
            message = _fault(line, delimiter)
            if message is not None:
                sifted.refuse(span, message)
            elif line:
                sifted.good.append(span)
    return sifted


def _has_empty(data: bytes) -> bool:
    is_first = data.startswith((b"\n", b"\r\n"))
    return is_first or b"\n\n" in data or (b"\r" in data and b"\n\r\n" in data)


def _fault(line: bytes, delimiter: str) -> str | None:
    """Why a line is no record."""
    if b"\r" in line:
        return _RETURN
    own = grammar(delimiter)
    if b'"' in line and not own.line.fullmatch(line):
        return OPEN if own.open.fullmatch(line) else _BEHIND
    return None if line.isascii() else why_not_utf8(line)


def sift_records(piece: Piece, delimiter: str, is_last: bool) -> tuple[Sifted, int]:
    """The records of a piece whose values may hold ends of lines, and how much of it they take: one that is
    open at the end may go on. Of one that is broken its first line is; the next line begins another."""
    own, data = grammar(delimiter), piece.data
    is_last = is_last or not data.endswith(b"\n")
    pattern = own.last_record if is_last else own.record
    sifted, start, number, is_ascii = Sifted(piece), 0, 0, data.isascii()
    while start < len(data):
        found = pattern.match(data, start)
        stop = found.end() if found else (data.find(b"\n", start) + 1 or len(data))
        message = None
        if found is None:
            is_open = own.open.match(data, start) is not None
            if is_open and not is_last and len(data) - start < MOST_LINE_BYTES:
                break
            message = _why_broken(data[start:stop], is_open)
        elif stop - start > MOST_LINE_BYTES + data.endswith(b"\n", start, stop):
            message, stop = _OPEN_WHOLE, data.find(b"\n", start) + 1
        elif not is_ascii:
            message = why_not_utf8(data[start:stop])
        span = (start, stop, number, 1)
        if message is not None:
            sifted.refuse(span, message)
        elif data[start:stop].strip(b"\r\n"):
            sifted.good.append(span)
        number += data.count(b"\n", start, stop)
        start = stop
    return sifted, start


def _why_broken(line: bytes, is_open: bool) -> str:
    if is_open:
        return _OPEN_WHOLE
    return _RETURN if b"\r" in line.removesuffix(b"\n").removesuffix(b"\r") else _BEHIND
