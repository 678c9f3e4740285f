"""JSON lines: each line an object by the names of the columns; one that a line leaves out is null there."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.formats.content import HEAD_BYTES, read_head, refuse_others
from runtimes.batch.formats.json_rows import JsonRows
from runtimes.batch.formats.json_text import BLANK, BrokenError, read_line
from runtimes.batch.formats.json_types import types_of
from runtimes.batch.formats.lines import cut_block
from runtimes.batch.formats.pieces import cut_lines, mark_bytes, read_pieces, too_long
from runtimes.batch.work import Block, Cut, Described, InputFile, Wanted

_KIND = "JSON lines"
_OPEN = (b"{", b"[", b",", b":")


def describe(
    file: InputFile,
    source: pa.NativeFile,
    wanted: Wanted,
    shard_rows: int,
    shard_bytes: int,
) -> Described:
    """Names and types are those of the first megabyte."""
    head = read_head(file, _KIND, source)
    refuse_others(file, _KIND, head)
    lines = _lines(head)
    if not lines and len(head) < HEAD_BYTES:
        return Described(pa.schema([]), ())
    rows = _objects(lines)
    _refuse_documents(file, lines, bool(rows))
    start = mark_bytes(head)
    line_bytes = len(head) / (head.count(b"\n") or 1)
    cut_bytes = max(1, min(shard_bytes, int(shard_rows * line_bytes)))
    cuts = tuple(cut_lines(file, _KIND, source, start, min(len(head), file.size_bytes), cut_bytes))
    return Described(pa.schema(list(types_of(rows, wanted.missing).items())), cuts)


def blocks(file: InputFile, path: str, cut: Cut, wanted: Wanted) -> Iterator[Block]:
    """The rows of a cut."""
    told: dict[str, pa.DataType] = {}
    if None in wanted.columns.values():
        told = types_of(_objects(_lines(read_head(file, _KIND, path))), wanted.missing)
    missing = [name for name, type_ in wanted.columns.items() if type_ is None and name not in told]
    if missing:
        raise JobError(
            f"{file.uri} has no {missing[0]!r} as it had when it was planned", "plan the job once more"
        )
    rows = JsonRows(wanted, told)
    start = mark_bytes(read_head(file, _KIND, path)) if cut.start == 0 else cut.start
    for piece in read_pieces(file, _KIND, path, cut, start):
        block = too_long(piece, rows.schema) if piece.too_long else rows.read(piece)
        yield from cut_block(block, wanted.rows)


def _lines(head: bytes) -> list[bytes]:
    """The lines of the beginning that are not blank, without one that it cuts off."""
    lines = head[mark_bytes(head) :].split(b"\n")
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return [line for line in lines if line.strip(BLANK)]


def _objects(lines: list[bytes]) -> list[dict[str, object]]:
    rows = []
    for line in lines:
        try:
            rows.append(read_line(line))
        except BrokenError:
            continue
    return rows


def _refuse_documents(file: InputFile, lines: list[bytes], has_objects: bool) -> None:
    """One document over all lines is no JSON lines. A line that breaks off where a document does may be the
    beginning of one; if the next line is an object, it is broken, and nothing else."""
    if not lines:
        raise JobError(f"{file.uri} begins with {HEAD_BYTES} bytes of empty lines", "check what it is")
    first = lines[0].strip(BLANK)
    is_list, is_object = first.startswith(b"["), first.startswith(b"{")
    breaks_off = first.endswith(_OPEN) and not _objects(lines[:1])
    goes_on = breaks_off and not _objects(lines[1:2])
    if is_list and (goes_on or not has_objects):
        raise JobError(
            f"{file.uri} is one JSON array, and one object in each line is read",
            "make JSON lines of it: jq -c '.[]' FILE > FILE.jsonl",
        )
    if is_object and goes_on:
        raise JobError(
            f"{file.uri} has JSON over several lines, and one object in each line is read",
            "make JSON lines of it: jq -c . FILE > FILE.jsonl",
        )
    if not has_objects:
        raise JobError(
            f"{file.uri} has no line that is a JSON object", "check what it is, or name --input-format"
        )
