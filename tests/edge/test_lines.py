"""Lines out of a pipe, however the bytes come in."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.lines import Lines
from edge.output import StreamError

MOST = 12


def read(pieces: list[bytes], most_bytes: int = MOST) -> Iterator[bytes | None]:
    """The lines of a pipe into which these pieces are written, each when nothing of the others is left."""
    reader, writer = os.pipe()
    try:
        lines = Lines(reader, "pipe", most_bytes)
        waiting = list(pieces)
        while True:
            while waiting and lines.waits:
                os.write(writer, waiting.pop(0) or b"\n")
            if not waiting and writer >= 0:
                os.close(writer)
                writer = -1
            try:
                yield next(lines)
            except StopIteration:
                return
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


@given(st.lists(st.binary(max_size=20).map(lambda piece: piece.replace(b"\r", b"\n")), max_size=12))
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes]) -> None:
    whole = b"".join(piece or b"\n" for piece in pieces)
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert list(read(pieces)) == [line if len(line) <= MOST else None for line in expected]


def test_a_long_line_is_told_and_the_next_one_is_read() -> None:
    pieces = [b"x" * 10, b"y" * 10, b"z\nnext\n", b"last"]
    assert list(read(pieces)) == [None, b"next", b"last"]


def test_lines_are_numbered_and_can_be_put_back() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"a\nb\n")
    os.close(writer)
    lines = Lines(reader, "pipe", MOST)
    first = next(lines)
    assert (first, lines.number, lines.waits) == (b"a", 1, False)
    lines.put_back(first)
    assert [(line, lines.number) for line in lines] == [(b"a", 1), (b"b", 2)]
    os.close(reader)


def test_what_cannot_be_read_is_named(tmp_path: object) -> None:
    folder = os.open(str(tmp_path), os.O_RDONLY)
    with pytest.raises(StreamError, match="that folder cannot be read: Is a directory"):
        next(Lines(folder, "that folder", MOST))
    os.close(folder)
