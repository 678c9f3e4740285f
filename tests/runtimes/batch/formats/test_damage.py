"""Files in columns with bytes that were changed: read as before, refused by name, or other values where the
format has no checksum; never an exception of Arrow's own, and never the end of the process."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from runtimes.batch.errors import JobError
from tests.runtimes.batch.formats.looking import read

_DRAWN = random.Random(7)
_TABLE = pa.table(
    {
        "id": pa.array(range(900)),
        "x": pa.array([_DRAWN.random() for _ in range(900)], pa.float32()),
        "text": [f"text {row % 50}" for row in range(900)],
        "list": [[row, row + 1] for row in range(900)],
        "kind": pa.array(["x", "y", "z"] * 300).dictionary_encode(),
    }
)


def _write(kind: str, path: Path) -> str:
    if kind == "parquet":
        pq.write_table(_TABLE, path, row_group_size=300, write_page_checksum=True)
        return "parquet"
    if kind == "stream":
        with pa.ipc.new_stream(str(path), _TABLE.schema) as writer:
            writer.write_table(_TABLE, 300)
    else:
        pyarrow.feather.write_feather(_TABLE, str(path), compression=kind, chunksize=300)
    return "arrow"


def _damaged(content: bytes) -> bytes:
    data = bytearray(content)
    way = _DRAWN.choice(["bit", "end", "zeros", "cut"])
    place = _DRAWN.randrange(len(data))
    if way == "end":
        place = len(data) - 1 - _DRAWN.randrange(1500)
    if way == "cut":
        return bytes(data[:place])
    if way == "zeros":
        data[place : place + 64] = bytes(len(data[place : place + 64]))
    else:
        data[place] ^= 1 << _DRAWN.randrange(8)
    return bytes(data)


@pytest.mark.parametrize("kind", ["parquet", "stream", "lz4", "uncompressed"])
def test_damage_is_refused_by_the_name_of_the_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "rows"
    format = _write(kind, path)
    content, refused = path.read_bytes(), 0
    for _ in range(150):
        path.write_bytes(_damaged(content))
        try:
            assert read(path, format).num_rows == _TABLE.num_rows
        except JobError as error:
            assert str(path) in error.message
            assert error.hint
            refused += 1
    assert refused > 50


def test_checksums_of_pages_let_no_other_value_through(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    _write("parquet", path)
    content = path.read_bytes()
    data_stop = len(content) - pq.read_metadata(path).serialized_size - 8
    for _ in range(150):
        damaged = bytearray(content)
        damaged[_DRAWN.randrange(4, data_stop)] ^= 1 << _DRAWN.randrange(8)
        path.write_bytes(damaged)
        try:
            assert read(path, "parquet").equals(_TABLE)
        except JobError as error:
            assert str(path) in error.message
