"""What holds for the writers of all formats: bytes by the rows alone, whole files or none."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtimes.batch import writers
from runtimes.batch.errors import JobError, TryAgainError
from tests.runtimes.batch.writers.columns import DEEP, FLAT, NESTED, batches
from tests.runtimes.batch.writers.writing import read_back, write, write_table

FORMATS = sorted(writers.SUFFIXES)
quick = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_TABLE = pa.table({"id": pa.array(range(300_000)), "prediction": ["setosa", "versicolor", None] * 100_000})


def _mask(bits: list[bool]) -> pa.Buffer:
    return pa.array(bits).buffers()[1]


def _hidden(values: list[object], kind: pa.DataType) -> pa.Array:
    """Every other value is missing, and what it was still lies there."""
    there = pa.array(values, kind)
    bits = [place % 2 == 0 for place in range(len(values))]
    return pa.Array.from_buffers(kind, len(values), [_mask(bits), *there.buffers()[1:]])


_OFFSETS = pa.array([0, 1, 2, 3, 4], pa.int32())
_MISSING = pa.array([False, True, False, True])
_PAIRS = pa.FixedSizeListArray.from_arrays(pa.array(range(8)), 2, mask=_MISSING)
HIDDEN = {
    "int64": _hidden([1, 2, 3, 4], pa.int64()),
    "bool": _hidden([True] * 4, pa.bool_()),
    "string": _hidden(["a", "b", "c", "d"], pa.string()),
    "bytes": _hidden([b"aaa"] * 4, pa.binary(3)),
    "list": pa.ListArray.from_arrays(_OFFSETS, pa.array([1, 2, 3, 4]), mask=_MISSING),
    "list of missing": pa.ListArray.from_arrays(_OFFSETS, _hidden([1, 2, 3, 4], pa.int64())),
    "struct": pa.StructArray.from_arrays([pa.array([1, 2, 3, 4])], ["x"], mask=_MISSING),
    "pairs": _PAIRS,
    "list of pairs": pa.ListArray.from_arrays(_OFFSETS, _PAIRS),
    "map": pa.MapArray.from_arrays(_OFFSETS, pa.array(list("abcd")), _hidden([1, 2, 3, 4], pa.int64())),
}


@pytest.mark.parametrize("format", FORMATS)
@quick
@given(rows=st.one_of(batches(FLAT), batches(NESTED), batches(DEEP)), data=st.data())
def test_the_bytes_are_the_same_however_the_rows_come(
    format: str, rows: pa.RecordBatch, data: st.DataObject, tmp_path: Path
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, rows.num_rows), max_size=4)))
    parts = [
        rows.slice(start, stop - start)
        for start, stop in zip([0, *cuts], [*cuts, rows.num_rows], strict=True)
    ]
    whole = write(format, tmp_path / "whole", [rows], rows.schema)
    assert write(format, tmp_path / "parts", parts, rows.schema) == whole


@pytest.mark.parametrize("format", ["arrow", "parquet"])
@quick
@given(rows=st.one_of(batches(FLAT), batches(NESTED), batches(DEEP)))
def test_formats_with_types_give_every_value_back(format: str, rows: pa.RecordBatch, tmp_path: Path) -> None:
    write(format, tmp_path / "file", [rows], rows.schema)
    found = read_back(format, tmp_path / "file")
    assert found.column_names == rows.schema.names
    assert str(found.to_pylist()) == str(rows.to_pylist())  # as text: NaN is no other NaN


@pytest.mark.parametrize("format", FORMATS)
def test_groups_of_rows_begin_at_the_same_rows_however_the_rows_come(format: str, tmp_path: Path) -> None:
    whole = write(format, tmp_path / "whole", _TABLE.combine_chunks().to_batches(), _TABLE.schema)
    parts = _TABLE.to_batches(max_chunksize=70_001)
    assert write(format, tmp_path / "parts", parts, _TABLE.schema) == whole


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("format", FORMATS)
def test_what_lies_where_a_value_is_missing_does_not_show(format: str, name: str, tmp_path: Path) -> None:
    column = HIDDEN[name]
    clean = pa.array(column.to_pylist(), column.type)
    moved = pa.concat_arrays([clean, column]).slice(4)
    written = {write_table(format, tmp_path / "x", pa.table({"c": one})) for one in (column, clean, moved)}
    assert len(written) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_packed_columns_are_written_as_their_values(format: str, tmp_path: Path) -> None:
    values = pa.array(["a", "a", None, "b"])
    ends = pa.RunEndEncodedArray.from_arrays([2, 3, 4], ["a", None, "b"])
    listed = pa.ListArray.from_arrays([0, 4], values.dictionary_encode())
    plain = pa.table({"d": values, "e": values, "v": values, "l": [["a", "a", None, "b"], [], [], []]})
    packed = pa.table(
        {
            "d": values.dictionary_encode(),
            "e": ends,
            "v": values.cast(pa.string_view()),
            "l": pa.concat_arrays([listed, pa.array([[]] * 3, listed.type)]),
        }
    )
    assert write_table(format, tmp_path / "packed", packed) == write_table(format, tmp_path / "plain", plain)


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows_make_a_file_too(format: str, tmp_path: Path) -> None:
    content = write_table(format, tmp_path / "x", _TABLE.slice(0, 0))
    if format in ("arrow", "parquet"):
        assert read_back(format, tmp_path / "x").schema.names == ["id", "prediction"]
    else:
        assert content == (b'"id","prediction"\n' if format == "csv" else b"")


@pytest.mark.parametrize("format", FORMATS)
def test_an_abandoned_file_is_gone(format: str, tmp_path: Path) -> None:
    writer = writers.open_writer(format, str(tmp_path / "x"), _TABLE.schema)
    writer.write(_TABLE.to_batches()[0])
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_asks_for_another_try_and_leaves_nothing(format: str, tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("/dev/full")
    writer = None
    with pytest.raises(TryAgainError, match=r"no room for .*: No space left on device"):
        writer = writers.open_writer(format, str(tmp_path / "x"), _TABLE.schema)
        writer.write(_TABLE.combine_chunks().to_batches()[0])
        writer.close()
    if writer is not None:
        writer.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_two_columns_of_one_name_are_refused(format: str, tmp_path: Path) -> None:
    schema = pa.schema([("id", pa.int64()), ("id", pa.string())])
    with pytest.raises(JobError, match="two columns id"):
        writers.open_writer(format, str(tmp_path / "x"), schema)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (2**40, pa.timestamp("s")),
        (2**40, pa.timestamp("s", "UTC")),
        (-(2**37), pa.timestamp("s")),
        (2**30, pa.date32()),
        (253_402_300_800_000, pa.date64()),
        (86_400, pa.time32("s")),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_time_without_a_text_is_refused_by_the_name_of_its_column(
    format: str, value: int, kind: pa.DataType, nested: bool, tmp_path: Path
) -> None:
    column = pa.array([0, None, value], pa.int32() if kind.bit_width == 32 else pa.int64()).cast(kind)
    if nested:
        column = pa.ListArray.from_arrays([0, 1, 2, 3], pa.StructArray.from_arrays([column], ["x"]))
    with pytest.raises(JobError, match="the column when holds"):
        write_table(format, tmp_path / "x", pa.table({"when": column}))
    write_table("parquet", tmp_path / "x", pa.table({"when": column}))


def test_a_value_that_parquet_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="cannot be written as Parquet: Integer overflow"):
        write_table("parquet", tmp_path / "x", pa.table({"when": pa.array([2**62], pa.timestamp("s"))}))


@pytest.mark.parametrize(
    ("format", "kind"),
    [
        ("csv", pa.month_day_nano_interval()),
        ("jsonl", pa.list_(pa.month_day_nano_interval())),
        ("parquet", pa.month_day_nano_interval()),
        ("parquet", pa.dense_union([pa.field("a", pa.int64())])),
        ("csv", pa.dense_union([pa.field("a", pa.int64())])),
    ],
)
def test_a_column_that_a_format_cannot_hold_is_refused_by_name(format: str, kind: pa.DataType) -> None:
    with pytest.raises(JobError, match=r"the column odd \(.*\) cannot be written as") as refused:
        writers.check(format, pa.schema([("id", pa.int64()), ("odd", kind)]))
    assert "--keep" in refused.value.hint
