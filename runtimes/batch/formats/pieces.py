"""A text file in pieces of whole lines, in bounded memory, and where its cuts are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.formats.content import MARK, Content
from runtimes.batch.formats.reading import reading
from runtimes.batch.work import Block, Cut, DeadLetter, InputFile, Place

PIECE_BYTES = 2 << 20
MOST_LINE_BYTES = 16 << 20
WARY_PIECES = 4
"""After a piece with dirt in it, so many are read by the way that finds dirt without a second try."""
_SHOWN_BYTES = 1000
_LOOK_BYTES = 64 << 10


@dataclass(frozen=True)
class Piece:
    """Whole lines. ``offset``: where they begin in the content; ``line``: the number of the first, if it is
    known; ``lines``: how many there are. ``too_long``: the beginning of one line instead, which is longer
    than any that is read."""

    data: bytes
    offset: int
    line: int | None
    lines: int
    too_long: bool = False


def read_pieces(
    file: InputFile, kind: str, path: str, cut: Cut, start: int | None = None, line: int = 1
) -> Iterator[Piece]:
    """The lines of a cut. ``start``: where its rows begin, if not at once, and ``line`` there."""
    start = cut.start if start is None else start
    content = Content(file, kind, path, 0 if file.compression else start)
    try:
        if file.compression:
            _skip(content, start)
        stop = None if file.compression else cut.stop
        yield from _split(content, start, stop, line if cut.start == 0 else None, file)
    finally:
        content.close()


def _skip(content: Content, size_bytes: int) -> None:
    while size_bytes and (passed := len(content.read(min(size_bytes, PIECE_BYTES)))):
        size_bytes -= passed


def _split(
    content: Content, start: int, stop: int | None, line: int | None, file: InputFile
) -> Iterator[Piece]:
    """Pieces end where lines do. ``rest`` is the beginning of a line that goes on."""
    step, rest, skipping = min(PIECE_BYTES, MOST_LINE_BYTES), b"", False
    offset, position = start, start  # of `rest`, and of what is read next
    while got := content.read(step if stop is None else min(step, stop - position)):
        position += len(got)
        first = got.find(b"\n")
        if first < 0:
            if not skipping:
                rest += got
            if len(rest) > MOST_LINE_BYTES:
                rest, skipping = rest[:_SHOWN_BYTES], True
            continue
        if skipping or len(rest) + first > MOST_LINE_BYTES:
            yield Piece((rest + got[:first])[:_SHOWN_BYTES], offset, line, 1, too_long=True)
            rest, skipping, got = b"", False, got[first + 1 :]
            offset, line = position - len(got), None if line is None else line + 1
        end = got.rfind(b"\n") + 1
        if end:
            data = rest + got[:end] if rest or end < len(got) else got
            lines = data.count(b"\n")
            yield Piece(data, offset, line, lines)
            offset += len(data)
            line = None if line is None else line + lines
            rest = b""
        rest += got[end:]
    if stop is not None and position != stop:
        raise JobError(
            f"{file.uri} ends at byte {position}, before {stop}, where it ended when it was planned",
            "plan the job once more when nothing writes to the file",
        )
    if rest:
        yield Piece(rest, offset, line, 1, too_long=skipping)


def too_long(piece: Piece, schema: pa.Schema) -> Block:
    """A block without rows for a line that was not read."""
    place = Place(offset=piece.offset, line=piece.line)
    letter = DeadLetter(
        place,
        None,
        "too_long",
        f"the line has more than {MOST_LINE_BYTES} bytes; its beginning is kept here",
        as_text(piece.data),
    )
    return Block(no_rows(schema), lambda _: place, [letter], [0])


def no_rows(schema: pa.Schema) -> pa.RecordBatch:
    """A batch without rows."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def as_text(line: bytes) -> str:
    """A line as a text, whatever its bytes are."""
    return line.decode("utf-8", "backslashreplace")


def cut_lines(
    file: InputFile, kind: str, source: pa.NativeFile, first: int, shared: int, cut_bytes: int
) -> Iterator[Cut]:
    """Cuts of about ``cut_bytes`` that end where lines do. ``first``: where the rows begin; ``shared``: how
    many bytes of the beginning each reader needs."""
    if first >= file.size_bytes and not file.compression:
        return
    if file.compression:
        yield Cut(0, file.size_bytes, None, None, ((0, file.size_bytes),))
        return
    start = 0
    while start < file.size_bytes:
        nominal = max(start, first) + max(1, cut_bytes)
        stop = _next_line(file, kind, source, nominal) if nominal < file.size_bytes else file.size_bytes
        spans = ((0, shared), (start, stop - start)) if start > shared else ((0, max(stop, shared)),)
        yield Cut(start, stop, None, None, spans)
        start = stop


def _next_line(file: InputFile, kind: str, source: pa.NativeFile, position: int) -> int:
    """Where the first line begins at or behind a position."""
    position -= 1
    with reading(file, kind):
        while position < file.size_bytes:
            source.seek(position)
            data = bytes(source.read(min(_LOOK_BYTES, file.size_bytes - position)))
            found = data.find(b"\n")
            if found >= 0:
                return position + found + 1
            if not data:
                break
            position += len(data)
    return file.size_bytes


def mark_bytes(head: bytes) -> int:
    """The length of the mark of UTF-8 that some programs begin a file with."""
    return len(MARK) if head.startswith(MARK) else 0
