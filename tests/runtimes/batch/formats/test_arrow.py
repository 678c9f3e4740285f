"""Arrow's files and streams: cut between record batches, read where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.formats import find
from tests.runtimes.batch.formats.looking import blocks, describe, input_file, punched, read, wanted
from tests.runtimes.batch.formats.test_parquet import NESTED, TABLE


def _write(
    path: Path, table: pa.Table, rows: int, stream: bool = False, compression: str | None = None
) -> Path:
    opened = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with opened(str(path), table.schema, options=options) as writer:
        writer.write_table(table, rows)
    return path


def test_record_batches_are_put_together_up_to_the_rows_of_a_shard(tmp_path: Path) -> None:
    path = _write(tmp_path / "x", TABLE, 700)
    found = describe(path, "arrow", shard_rows=1500)
    assert [(cut.start, cut.stop, cut.first_row, cut.rows) for cut in found.cuts] == [
        (0, 2, 0, 1400), (2, 4, 1400, 1400), (4, 6, 2800, 1400), (6, 8, 4200, 800),
    ]  # fmt: skip
    assert len(describe(path, "arrow", shard_bytes=1).cuts) == 8


def test_a_stream_is_one_shard(tmp_path: Path) -> None:
    found = describe(_write(tmp_path / "x", TABLE, 700, stream=True), "arrow", shard_rows=100)
    assert [(cut.start, cut.first_row, cut.rows) for cut in found.cuts] == [(0, 0, TABLE.num_rows)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("rows", [64, 900, 10_000])
def test_every_row_is_read_once(stream: bool, compression: str | None, rows: int, tmp_path: Path) -> None:
    path = _write(tmp_path / "x", TABLE, 700, stream, compression)
    assert read(path, "arrow", rows=rows, shard_rows=1500).equals(TABLE)
    assert read(path, "arrow", ["text", "id"], rows).equals(TABLE.select(["text", "id"]))


@pytest.mark.parametrize("stream", [False, True])
def test_nested_columns_are_read(stream: bool, tmp_path: Path) -> None:
    packed = NESTED.append_column("view", pa.array(["a", None, "b" * 20], pa.string_view()))
    path = _write(tmp_path / "x", packed, 2, stream)
    assert read(path, "arrow").to_pylist() == packed.to_pylist()


def test_feather_is_read(tmp_path: Path) -> None:
    pyarrow.feather.write_feather(TABLE, str(tmp_path / "x"), compression="lz4", chunksize=300)
    assert read(tmp_path / "x", "arrow").equals(TABLE)


def test_small_record_batches_make_larger_blocks(tmp_path: Path) -> None:
    path = _write(tmp_path / "x", TABLE, 10)
    sizes = [block.batch.num_rows for block in blocks(path, "arrow", describe(path, "arrow"), ["id"], 1000)]
    assert sizes == [1000] * 5


def test_large_record_batches_are_sliced_without_a_copy(tmp_path: Path) -> None:
    path = _write(tmp_path / "x", TABLE, TABLE.num_rows)
    before = pa.total_allocated_bytes()
    found = [block.batch["x"] for block in blocks(path, "arrow", describe(path, "arrow"), ["x"], 1000)]
    assert pa.total_allocated_bytes() - before < found[0].nbytes
    assert [len(part) for part in found] == [1000] * 5
    assert {part.buffers()[1].address for part in found} == {found[0].buffers()[1].address}


def test_the_spans_are_all_that_is_read(tmp_path: Path) -> None:
    kinds = pa.array([f"kind {row % 3}" for row in range(TABLE.num_rows)]).dictionary_encode()
    table = TABLE.append_column("kind", kinds).append_column(
        "noise", pa.array(np.random.default_rng(0).bytes(400) for _ in range(TABLE.num_rows))
    )
    path = _write(tmp_path / "x", table, 700)
    for cut in describe(path, "arrow", shard_rows=700).cuts:
        part = punched(path, cut.spans)
        batches = [
            block.batch
            for block in find("arrow").blocks(
                input_file(path, "arrow"), str(part), cut, wanted(["kind", "id"])
            )
        ]
        assert (
            pa.Table.from_batches(batches).to_pylist()
            == table.select(["kind", "id"]).slice(cut.first_row or 0, cut.rows).to_pylist()
        )


@pytest.mark.parametrize("stream", [False, True])
def test_dictionaries_that_grow_are_followed(stream: bool, tmp_path: Path) -> None:
    grown = [(["a", "b"], [0, 1]), (["a", "b", "c"], [2, 1])] + ([(["z", "y"], [0, 1])] if stream else [])
    parts = [pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), words) for words, places in grown]
    opened = pa.ipc.new_stream if stream else pa.ipc.new_file
    schema = pa.schema([("word", parts[0].type)])
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with opened(str(tmp_path / "x"), schema, options=options) as writer:
        for part in parts:
            writer.write_batch(pa.record_batch([part], schema=schema))
    expected = [word for part in parts for word in part.to_pylist()]
    for shard_rows in (2, 100):
        assert read(tmp_path / "x", "arrow", shard_rows=shard_rows)["word"].to_pylist() == expected


def test_files_without_rows_take_part(tmp_path: Path) -> None:
    for stream in (False, True):
        assert describe(_write(tmp_path / "x", TABLE.slice(0, 0), 700, stream), "arrow").cuts == ()


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="several columns of one name: x"):
        describe(_write(tmp_path / "x", pa.table([[1], [2]], names=["x", "x"]), 700), "arrow")


@pytest.mark.parametrize("stream", [False, True])
def test_a_file_that_breaks_off_anywhere_is_refused(stream: bool, tmp_path: Path) -> None:
    path = _write(tmp_path / "x", TABLE.slice(0, 30), 10, stream)
    content = path.read_bytes()
    for stop in range(0, len(content) - 4, 7):
        path.write_bytes(content[:stop])
        with pytest.raises(JobError, match="cannot be read as Arrow"):
            describe(path, "arrow")


def test_offsets_beyond_the_data_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "x", pa.table({"words": ["abc", "def", "ghi"]}), 10)
    content = path.read_bytes()
    offsets = np.array([0, 3, 6, 9], "<i4").tobytes()
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, np.array([0, 3, 6, 2**30], "<i4").tobytes()))
    with pytest.raises(JobError, match=r"cannot be read as Arrow: .*offsets"):
        read(path, "arrow")


def test_feather_of_version_1_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"FEA1" + bytes(60) + b"FEA1")
    with pytest.raises(JobError, match="Feather of version 1"):
        describe(tmp_path / "x", "arrow")
