"""NPY: rows of an array where they lie, in the types of NumPy that a model can take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.formats import find
from tests.runtimes.batch.formats.looking import blocks, describe, input_file, punched, read, wanted

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


def _save(path: Path, array: np.ndarray[Any, Any]) -> Path:
    with path.open("wb") as stream:
        np.save(stream, array)
    return path


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(50,), (50, 4), (50, 3, 2)])
def test_every_value_is_read(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    found = read(_save(tmp_path / "x", array), "npy", rows=16, shard_rows=20)["array"]
    assert np.array_equal(np.array(found.to_pylist()).reshape(shape), array)


def test_lists_are_nested_as_the_axes_are(tmp_path: Path) -> None:
    schema = describe(_save(tmp_path / "x", np.zeros((5, 3, 2), "f4")), "npy").schema
    assert schema == pa.schema([("array", pa.list_(pa.list_(pa.float32(), 2), 3))])
    assert describe(_save(tmp_path / "x", np.zeros(5, "i8")), "npy").schema == pa.schema(
        [("array", pa.int64())]
    )


def test_shards_are_of_so_many_rows_or_bytes(tmp_path: Path) -> None:
    path = _save(tmp_path / "x", np.zeros((50, 4), "f4"))
    assert [cut.rows for cut in describe(path, "npy", shard_rows=20).cuts] == [20, 20, 10]
    assert [cut.rows for cut in describe(path, "npy", shard_bytes=16 * 30).cuts] == [30, 20]
    assert len(describe(path, "npy", shard_bytes=1).cuts) == 50


def test_the_spans_are_all_that_is_read(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(400_000, 2))
    path = _save(tmp_path / "x", array)
    for cut in describe(path, "npy", shard_rows=100_000).cuts:
        part = punched(path, cut.spans)
        found = [
            block.batch["array"]
            for block in find("npy").blocks(input_file(path, "npy"), str(part), cut, wanted(["array"]))
        ]
        values = np.concatenate([np.asarray(column.flatten()) for column in found]).reshape(-1, 2)
        assert np.array_equal(values, array[cut.start : cut.stop])


def test_rows_are_not_copied(tmp_path: Path) -> None:
    path = _save(tmp_path / "x", np.zeros((3000, 4), "f4"))
    found = [block.batch["array"] for block in blocks(path, "npy", describe(path, "npy"), ["array"])]
    addresses = [column.values.buffers()[1].address for column in found]
    assert np.diff(addresses).tolist() == [16_000, 16_000]


def test_large_rows_come_in_smaller_blocks(tmp_path: Path) -> None:
    path = _save(tmp_path / "x", np.zeros((8, 750_000), "f4"))
    assert [block.batch.num_rows for block in blocks(path, "npy", describe(path, "npy"), ["array"])] == [
        2
    ] * 4


def test_no_rows_are_no_shards(tmp_path: Path) -> None:
    assert describe(_save(tmp_path / "x", np.zeros((0, 4), "f4")), "npy").cuts == ()


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, 2), ">f4"), "big-endian"),
        (np.zeros((3, 2), order="F"), "Fortran order"),
        (np.array(["a"]), "only numbers and booleans"),
        (np.array([{}]), "only numbers and booleans"),
        (np.zeros(3, [("a", "f4")]), "holds records"),
        (np.zeros(3, "c8"), "only numbers and booleans"),
        (np.float32(3), "has no rows"),
        (np.zeros((3, 0)), "has no rows"),
    ],
)
def test_other_arrays_are_refused_by_what_they_are(
    array: np.ndarray[Any, Any], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=reason) as refused:
        describe(_save(tmp_path / "x", array), "npy")
    assert refused.value.hint


@pytest.mark.parametrize("change", [-1, 1])
def test_another_length_than_the_header_says_is_refused(change: int, tmp_path: Path) -> None:
    path = _save(tmp_path / "x", np.zeros((30, 2), "f4"))
    content = path.read_bytes()
    path.write_bytes(content[:change] if change < 0 else content + b"\0")
    with pytest.raises(JobError, match="by its header it has 368 bytes, but it has"):
        describe(path, "npy")
