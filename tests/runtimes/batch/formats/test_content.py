"""Compressed text: whole or damaged, never half of it; and in bounded memory however long a line is."""

import gzip
import re
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch import formats
from runtimes.batch.errors import JobError
from runtimes.batch.work import InputFile
from tests.runtimes.batch.formats.texts import WHOLE, Read, describe, read, wanted

ROWS = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number * 7919 % 10007) for number in range(20_000))


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def _read(path: Path, data: bytes) -> Read:
    path.write_bytes(data)
    format, compression = formats.format_of(path.name)
    return read(InputFile(str(path), format, compression, len(data), "1"), wanted({"a": WHOLE}))


@pytest.mark.parametrize(("name", "compress"), [("x.csv.gz", gzip.compress), ("x.csv.zst", _zstd)])
def test_compressed_text_is_read_as_its_content(tmp_path: Path, name: str, compress: object) -> None:
    assert callable(compress)
    found = _read(tmp_path / name, compress(ROWS))
    assert [row["a"] for row in found.rows] == list(range(20_000))
    assert found.places[-1] == (len(ROWS.removesuffix(b"\n")) - len(b"19999,5662"), 20_001)


@pytest.mark.parametrize(("name", "compress"), [("x.csv.gz", gzip.compress), ("x.csv.zst", _zstd)])
def test_several_members_are_one_content(tmp_path: Path, name: str, compress: object) -> None:
    assert callable(compress)
    half = len(ROWS) // 2
    found = _read(tmp_path / name, compress(ROWS[:half]) + compress(b"") + compress(ROWS[half:]))
    assert len(found.rows) == 20_000


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv.gz", gzip.compress(ROWS)[:-20]),
        ("x.csv.gz", gzip.compress(ROWS)[:-4]),
        ("x.csv.gz", gzip.compress(ROWS)[:20]),
        ("x.csv.gz", gzip.compress(ROWS)[:-8] + b"abcd" + gzip.compress(ROWS)[-4:]),
        ("x.csv.gz", gzip.compress(ROWS) + b"garbage behind it"),
        ("x.csv.gz", ROWS),
        ("x.csv.zst", _zstd(ROWS)[:-20]),
        ("x.csv.zst", _zstd(ROWS) + b"garbage behind it"),
        ("x.csv.zst", ROWS),
    ],
)
def test_refuses_what_is_damaged(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(JobError, match="cannot be read as CSV"):
        _read(tmp_path / name, data)


def test_an_empty_compressed_file_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b""))
    file = InputFile(str(path), "csv", "gzip", path.stat().st_size, "1")
    assert describe(file, wanted({})).cuts == ()


def test_a_line_of_gigabytes_is_never_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    zeros = gzip.compress(b"x" * (1 << 24), 6)
    path.write_bytes(gzip.compress(b"a,b\n1,2\n3,") + zeros * 8 + gzip.compress(b"\n5,6\n"))
    file = InputFile(str(path), "csv", "gzip", path.stat().st_size, "1")
    cut = describe(file, wanted({})).cuts[0]
    tracemalloc.start()
    try:
        found = Read()
        for block in formats.find("csv").blocks(file, str(path), cut, wanted({"a": WHOLE})):
            found.add(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.rows == [{"a": 1}, {"a": 5}]
    assert found.reasons == ["too_long"]
    assert peak < 80 << 20


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("in/a.csv.bz2", r"write text as \.gz or \.zst"),
        ("in/a.tar.gz", r"write text as \.gz or \.zst"),
        ("in/readme.txt", r"with a glob such as 'in/\*\.csv'"),
    ],
)
def test_a_file_of_no_known_name_is_refused_with_what_to_do(name: str, hint: str) -> None:
    with pytest.raises(JobError) as refused:
        formats.format_of(name)
    assert name in refused.value.message
    assert re.search(hint, refused.value.hint)
