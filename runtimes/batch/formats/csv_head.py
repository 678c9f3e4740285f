"""The first line of CSV: what its columns are called, and where the rows begin."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass

from runtimes.batch.errors import JobError
from runtimes.batch.formats.content import HEAD_BYTES
from runtimes.batch.formats.csv_records import grammar, why_not_utf8
from runtimes.batch.formats.pieces import mark_bytes
from runtimes.batch.formats.reading import check_names
from runtimes.batch.work import InputFile, Wanted

_LOOK_BYTES = 64 << 10
_SHOWN = 60


@dataclass(frozen=True)
class Head:
    """``names`` of the columns; ``start`` and ``line``: where the rows begin; ``size_bytes``: how much of the
    beginning tells that; ``line_bytes``: about how long a line is."""

    names: list[str]
    start: int
    line: int
    size_bytes: int
    line_bytes: float


def head_of(file: InputFile, begin: bytes, wanted: Wanted, delimiter: str) -> Head | None:
    """What the beginning of a file says; None where there is no line in it."""
    start, line = mark_bytes(begin), 1
    while begin[start : start + 1] in (b"\r", b"\n"):
        if begin[start : start + 1] == b"\r" and begin[start + 1 : start + 2] != b"\n":
            raise _returns(file)
        line += begin[start] == ord("\n")
        start += 1
    if start == len(begin):
        if len(begin) < HEAD_BYTES:
            return None
        raise JobError(f"{file.uri} begins with {start} bytes of empty lines", "check what it is")
    if not wanted.header:
        return _without_names(file, begin, start, line, delimiter)
    stop = _end_of_header(file, begin, start, wanted.newlines_in_values, delimiter)
    names = _names(file, begin[start:stop], delimiter)
    return Head(names, stop, line + begin.count(b"\n", start, stop), stop, _line_bytes(begin[stop:]))


def _without_names(file: InputFile, begin: bytes, start: int, line: int, delimiter: str) -> Head:
    """The columns by their numbers: as many as most of the first lines have."""
    lines = begin[start:_LOOK_BYTES].split(b"\n")
    if len(lines) > 1:
        lines.pop()  # nothing, or cut off
    widths: Counter[int] = Counter()
    for one in lines:
        text = one.removesuffix(b"\r")
        if text and grammar(delimiter).line.fullmatch(text):
            widths[len(next(csv.reader([text.decode("utf-8", "replace")], delimiter=delimiter)))] += 1
    if not widths:
        raise JobError(f"no line at the beginning of {file.uri} is CSV", "check what it is")
    names = [str(place) for place in range(widths.most_common(1)[0][0])]
    return Head(names, start, line, min(len(begin), _LOOK_BYTES), _line_bytes(begin[start:]))


def _end_of_header(file: InputFile, begin: bytes, start: int, may_go_on: bool, delimiter: str) -> int:
    stop = begin.find(b"\n", start) + 1 or len(begin)
    if stop == len(begin) == HEAD_BYTES and not begin.endswith(b"\n"):
        raise JobError(f"the first line of {file.uri} has more than {HEAD_BYTES} bytes", "check what it is")
    own = grammar(delimiter)
    found = own.last_record.match(begin, start)
    if found and found.end() > stop and not may_go_on:
        hint = "say --newlines-in-values if values hold ends of lines"
        raise JobError(f"the first line of {file.uri} has a quoted name that does not end on it", hint)
    if found is None:
        if b"\r" in begin[start:stop].removesuffix(b"\n").removesuffix(b"\r"):
            raise _returns(file)
        raise JobError(
            f"the quotes in the first line of {file.uri} are out of order: {_shown(begin, start, stop)}",
            "correct it, or say --no-header if it has none",
        )
    return found.end()


def _names(file: InputFile, line: bytes, delimiter: str) -> list[str]:
    wrong = why_not_utf8(line)
    if wrong is not None:
        raise JobError(
            f"the first line of {file.uri} is not UTF-8: {wrong}",
            "write the file in UTF-8, as in: iconv -f LATIN1 -t UTF-8",
        )
    text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    names = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    empty = [str(place) for place, name in enumerate(names, 1) if not name.strip()]
    if empty:
        which = f"columns {', '.join(empty)} have" if len(empty) > 1 else f"column {empty[0]} has"
        raise JobError(
            f"{file.uri}: {which} no name in the first line",
            "name all columns (pandas: to_csv(…, index=False)), or say --no-header if there is no such line",
        )
    check_names(file, names)
    return names


def _returns(file: InputFile) -> JobError:
    return JobError(
        f"the lines of {file.uri} end in carriage returns alone, or its first line holds one",
        r"write it with ends of lines as Unix or Windows have them: tr '\r' '\n'",
    )


def _line_bytes(rows: bytes) -> float:
    return len(rows) / (rows.count(b"\n") or 1)


def _shown(begin: bytes, start: int, stop: int) -> str:
    return repr(begin[start : min(stop, start + _SHOWN)].decode("utf-8", "backslashreplace"))
