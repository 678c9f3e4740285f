"""Parquet: cut between row groups, the wanted columns alone, every value as Arrow's own reader gives it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.formats import find
from tests.runtimes.batch.formats.looking import blocks, describe, input_file, punched, read, wanted

ROWS = 5000
TABLE = pa.table(
    {
        "id": pa.array(range(ROWS)),
        "x": np.random.default_rng(0).normal(size=ROWS).astype("f4"),
        "text": [f"text {row % 40}" if row % 7 else None for row in range(ROWS)],
        "other": pa.array([0.5] * ROWS),
    }
)
NESTED = pa.table(
    {
        "list": [[1, 2], None, []],
        "pair": pa.array([[1, 2], [3, 4], None], pa.list_(pa.float32(), 2)),
        "struct": [{"a": 1, "b": {"c": "x"}}, None, {"a": 2, "b": None}],
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "kind": pa.array(["u", "v", None]).dictionary_encode(),
        "half": pa.array([1, 2, None], pa.float16()),
        "nothing": pa.nulls(3),
    }
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    pq.write_table(TABLE, path, row_group_size=700)
    return path


def test_row_groups_are_put_together_up_to_the_rows_of_a_shard(path: Path) -> None:
    found = describe(path, "parquet", ["id"], shard_rows=1500)
    assert [(cut.start, cut.stop, cut.first_row, cut.rows) for cut in found.cuts] == [
        (0, 2, 0, 1400), (2, 4, 1400, 1400), (4, 6, 2800, 1400), (6, 8, 4200, 800),
    ]  # fmt: skip
    assert found.schema.equals(TABLE.schema, check_metadata=True)


def test_the_bytes_of_a_shard_are_those_of_the_wanted_columns(path: Path) -> None:
    group = pq.read_metadata(path).row_group(0)
    size = group.column(0).total_compressed_size + 200
    assert len(describe(path, "parquet", ["id"], shard_bytes=2 * size).cuts) == 4
    assert len(describe(path, "parquet", TABLE.column_names, shard_bytes=2 * size).cuts) == 8


def test_a_row_group_larger_than_a_shard_is_a_shard(path: Path) -> None:
    found = describe(path, "parquet", ["id"], shard_rows=1, shard_bytes=1)
    assert [cut.rows for cut in found.cuts] == [700] * 7 + [100]


@pytest.mark.parametrize("columns", [["x"], ["text", "id"], TABLE.column_names])
@pytest.mark.parametrize("rows", [64, 10_000])
def test_every_row_is_read_once(path: Path, columns: list[str], rows: int) -> None:
    assert read(path, "parquet", columns, rows, shard_rows=1500).equals(TABLE.select(columns))


def test_blocks_are_cut_the_same_whatever_was_read_before(path: Path) -> None:
    found = describe(path, "parquet", ["id"], shard_rows=1500)
    last = type(found)(found.schema, found.cuts[-1:])
    sizes = [
        [block.batch.num_rows for block in blocks(path, "parquet", part, ["id"], 300)]
        for part in (found, last)
    ]
    assert sizes[0][-len(sizes[1]) :] == sizes[1]
    assert max(sizes[0]) <= 300


def test_the_spans_are_all_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    noise = np.random.default_rng(0).bytes(3_000_000)
    table = pa.table(
        {"x": [1.5, 2.5] * 10, "blob": [noise[place::20] for place in range(20)], "y": range(20)}
    )
    pq.write_table(table, path, row_group_size=5, compression="gzip")
    found = describe(path, "parquet", ["x", "y"], shard_rows=10)
    names = ["x", "y"]
    for cut in found.cuts:
        assert sum(length for _, length in cut.spans) < len(noise) * 0.6
        file, part = input_file(path, "parquet"), punched(path, cut.spans)
        batches = [block.batch for block in find("parquet").blocks(file, str(part), cut, wanted(names))]
        expected = table.select(names).slice(cut.first_row or 0, cut.rows)
        assert pa.Table.from_batches(batches).equals(expected)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_nested_columns_are_read_in_every_compression(compression: str, tmp_path: Path) -> None:
    pq.write_table(NESTED, tmp_path / "x", compression=compression)
    assert read(tmp_path / "x", "parquet").to_pylist() == NESTED.to_pylist()
    assert (
        read(tmp_path / "x", "parquet", ["half", "struct"]).to_pylist()
        == NESTED.select(["half", "struct"]).to_pylist()
    )


@pytest.mark.parametrize("columns", [["a"], ["a.b"], ["a.b", "a"], ["a.b.c", "b"]])
def test_dots_in_names_are_no_paths(columns: list[str], tmp_path: Path) -> None:
    structs = pa.array([{"b": 3, "c": 4}] * 2)
    table = pa.table([[1, 2], structs, [5, 6], [7, 8]], names=["a.b", "a", "a.b.c", "b"])
    pq.write_table(table, tmp_path / "x")
    assert read(tmp_path / "x", "parquet", columns).equals(table.select(columns))


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table([[1], [2]], names=["x", "x"]), tmp_path / "x")
    with pytest.raises(JobError, match="several columns of one name: x"):
        describe(tmp_path / "x", "parquet")


def test_files_and_row_groups_without_rows_take_part(tmp_path: Path) -> None:
    with pq.ParquetWriter(tmp_path / "none", TABLE.schema):
        pass
    assert describe(tmp_path / "none", "parquet").cuts == ()
    with pq.ParquetWriter(tmp_path / "some", TABLE.schema) as writer:
        for rows in (0, 3, 0, 0, 2, 0):
            writer.write_table(TABLE.slice(0, rows))
    assert [cut.rows for cut in describe(tmp_path / "some", "parquet", shard_rows=3).cuts] == [3, 2]
    assert read(tmp_path / "some", "parquet", shard_rows=3).num_rows == 5


def test_wide_rows_come_in_smaller_blocks(tmp_path: Path) -> None:
    pictures = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(400 * 50_000, "f4")), 50_000)
    pq.write_table(pa.table({"picture": pictures}), tmp_path / "x", compression="zstd")
    found = describe(tmp_path / "x", "parquet")
    sizes = [block.batch.nbytes for block in blocks(tmp_path / "x", "parquet", found, ["picture"])]
    assert max(sizes) < 10 << 20
    assert len(sizes) > 4


def test_thousands_of_columns_are_read(tmp_path: Path) -> None:
    table = pa.table({f"c{place}": pa.array([place, 1], pa.int32()) for place in range(3000)})
    pq.write_table(table, tmp_path / "x", row_group_size=1)
    assert read(tmp_path / "x", "parquet").equals(table)


class _Keys(pe.KmsClient):  # type: ignore[misc]
    def __init__(self, _: pe.KmsConnectionConfig) -> None:
        pe.KmsClient.__init__(self)

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return key

    def unwrap_key(self, key: bytes, _: str) -> bytes:
        return key


@pytest.mark.parametrize("plaintext_footer", [False, True])
def test_encrypted_files_are_refused(plaintext_footer: bool, tmp_path: Path) -> None:
    asked = pe.EncryptionConfiguration("f", column_keys={"k": ["id"]}, plaintext_footer=plaintext_footer)
    keys = pe.CryptoFactory(_Keys).file_encryption_properties(pe.KmsConnectionConfig(), asked)
    with pq.ParquetWriter(tmp_path / "x", TABLE.schema, encryption_properties=keys) as writer:
        writer.write_table(TABLE)
    with pytest.raises(JobError, match="is encrypted"):
        describe(tmp_path / "x", "parquet")


def test_a_page_whose_checksum_is_wrong_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    pq.write_table(TABLE, path, compression="none", use_dictionary=False, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[pq.read_metadata(path).row_group(0).column(1).data_page_offset + 2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(JobError, match=r"x cannot be read as Parquet: .*CRC checksum verification failed"):
        read(path, "parquet")
    assert read(path, "parquet", ["id"]).num_rows == ROWS


def test_texts_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    pq.write_table(
        pa.table({"name": ["abcabc"]}), path, compression="none", use_dictionary=False, write_statistics=False
    )
    path.write_bytes(path.read_bytes().replace(b"abcabc", b"abc\xffbc"))
    with pytest.raises(JobError, match=r"in its column name, .*UTF8"):
        read(path, "parquet")
