"""Rows and request documents out of the lines of a stream, each with the number of its line."""

from __future__ import annotations

from edge.lines import Lines
from runtimes.core.documents import parse
from runtimes.core.errors import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.core.signature import Signature

FORMATS = ("auto", "jsonl", "json", "csv")
_FORMS = ("features", "instances", "inputs")
_KEYS = {*_FORMS, "encoding"}
_ENDINGS = ((".csv", "csv"), (".jsonl", "jsonl"), (".ndjson", "jsonl"))
_BLANK = b" \t\r\n"
_BREAKS = (b"[", b"{", b",", b":")
_MARK = b"\xef\xbb\xbf"


class HeaderError(Exception):
    """What the columns are is not said, or not known: no row can be read."""


class Table:
    """How CSV is written: what separates columns, whether the first line may say what they are."""

    __slots__ = ("delimiter", "may_have_header")

    def __init__(self, delimiter: str = ",", may_have_header: bool = True) -> None:
        self.delimiter = delimiter
        self.may_have_header = may_have_header


class Record:
    """What stands in one line. ``kind``: a "row", a request "document", or the "error" that it is neither."""

    __slots__ = ("error", "kind", "line", "size_bytes", "value")

    def __init__(
        self,
        line: int,
        value: object = None,
        *,
        kind: str = "row",
        error: RequestError | None = None,
        size_bytes: int = 0,
    ) -> None:
        self.line = line
        self.value = value
        self.kind = kind if error is None else "error"
        self.error = error
        self.size_bytes = size_bytes


def read_records(lines: Lines, signature: Signature, name: str, form: str, table: Table) -> Iterator[Record]:
    """The records of a stream in ``form``; ``auto`` tells it by the name's ending, or by the first line."""
    _drop_mark(lines)
    if form == "auto":
        found = [form for ending, form in _ENDINGS if name.lower().endswith(ending)]
        form = found[0] if found else _guess(lines)
    if form == "csv":
        from edge.csv_rows import read_csv

        return read_csv(lines, signature, table)
    return _read_whole(lines) if form == "json" else _read_json_lines(lines, signature)


def refuse_long(most_bytes: int, what: str = "the line") -> RequestError:
    """Why something was not kept."""
    return RequestError(f"{what} has more than {most_bytes} bytes", status=413, code="too_large")


def _drop_mark(lines: Lines) -> None:
    for line in lines:
        lines.put_back(line[len(_MARK) :] if line is not None and line.startswith(_MARK) else line)
        return


def _guess(lines: Lines) -> str:
    """JSON begins with a bracket. A line that breaks off where a document is broken is the first of several;
    any other that is no JSON is a bad row, which says nothing about those after it."""
    for line in lines:
        if line is not None and not line.strip(_BLANK):
            continue
        lines.put_back(line)
        if line is None:
            return "jsonl"
        if line.lstrip(_BLANK)[:1] not in (b"{", b"["):
            return "csv"
        try:
            parse(line)
        except RequestError:
            return "json" if line.rstrip(_BLANK).endswith(_BREAKS) else "jsonl"
        return "jsonl"
    return "jsonl"


def _read_json_lines(lines: Lines, signature: Signature) -> Iterator[Record]:
    names = {item.name for item in signature.features or signature.inputs}
    for line in lines:
        if line is None:
            yield Record(lines.number, error=refuse_long(lines.most_bytes))
        elif line.strip(_BLANK):
            try:
                value = parse(line)
            except RequestError as error:
                error.message = error.message.replace("the body", "the line", 1)
                yield Record(lines.number, error=error)
            else:
                kind = "document" if _asks(value, names) else "row"
                yield Record(lines.number, value, kind=kind, size_bytes=len(line))


def _asks(value: object, names: set[str]) -> bool:
    """Whether an object is a request document: not a row of a model with such names."""
    if not isinstance(value, dict) or not names.isdisjoint(value):
        return False
    return _KEYS.issuperset(value) and [True for form in _FORMS if form in value] != []


def _read_whole(lines: Lines) -> Iterator[Record]:
    """The stream as one document; a list is its rows."""
    kept: list[bytes] = []
    size_bytes = 0
    for line in lines:
        size_bytes += lines.most_bytes if line is None else len(line)
        if line is None or size_bytes > lines.most_bytes:
            yield Record(1, error=refuse_long(lines.most_bytes, "the document"))
            return
        kept.append(line)
    try:
        value = parse(b"\n".join(kept))
    except RequestError as error:
        error.message = error.message.replace("the body", "the input", 1)
        error.message += "; for one row a line, name the format: --format jsonl"
        yield Record(1, error=error)
    else:
        document = {"instances": value} if isinstance(value, list) else value
        yield Record(1, document, kind="document", size_bytes=size_bytes)
