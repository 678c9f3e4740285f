"""JSON lines: every line reads as the row, with the standard library and with pandas."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtimes.batch.writers.columns import DEEP, FLAT, NESTED, batches
from tests.runtimes.batch.writers.writing import write, write_table


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=_no_constant) for line in content.decode().split("\n")[:-1]]


def _is_same(found: Any, value: Any, kind: pa.DataType) -> bool:
    """Whether what JSON gives is the value of a row."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return found is None
    if pa.types.is_map(kind):
        pairs = [(one["key"], one["value"]) for one in found]
        return [key for key, _ in pairs] == [key for key, _ in value] and all(
            _is_same(one, there, kind.item_type) for (_, one), (_, there) in zip(pairs, value, strict=True)
        )
    if pa.types.is_struct(kind):
        return list(found) == [field.name for field in kind] and all(
            _is_same(found[field.name], value[field.name], field.type) for field in kind
        )
    if isinstance(value, list):
        return len(found) == len(value) and all(
            _is_same(one, there, kind.value_type) for one, there in zip(found, value, strict=True)
        )
    if kind == pa.float32():
        return bool(np.float32(found) == np.float32(value))
    return bool(found == value)


_EXACT = [
    one
    for one in FLAT
    if pa.types.is_integer(one[0]) or str(one[0]) in ("double", "string", "bool", "large_string")
]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.one_of(batches(_EXACT), batches(NESTED), batches(DEEP)))
def test_each_line_is_the_row(rows: pa.RecordBatch, tmp_path: Path) -> None:
    found = _lines(write("jsonl", tmp_path / "x", [rows], rows.schema))
    assert len(found) == rows.num_rows
    for line, row in zip(found, rows.to_pylist(), strict=True):
        assert list(line) == rows.schema.names
        assert all(_is_same(line[field.name], row[field.name], field.type) for field in rows.schema)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (
            [0.1, 1e-7, 3.4e38, float("nan"), float("-inf"), None],
            pa.float32(),
            "0.1 1e-7 3.4e+38 null null null",
        ),
        ([0.1, 1.0, -0.0], pa.float64(), "0.1 1 -0"),
        ([2**63 - 1, -1], pa.int64(), "9223372036854775807 -1"),
        ([Decimal("1.20"), Decimal("-0.01")], pa.decimal128(9, 2), "1.20 -0.01"),
        ([dt.date(2026, 1, 2)], pa.date32(), '"2026-01-02"'),
        ([dt.time(1, 2, 3)], pa.time32("s"), '"01:02:03"'),
        ([dt.datetime(2026, 1, 2, 3, 4, 5)], pa.timestamp("s"), '"2026-01-02T03:04:05"'),
        (
            [dt.datetime(2026, 7, 2, tzinfo=dt.UTC)],
            pa.timestamp("ms", "Europe/Berlin"),
            '"2026-07-02T00:00:00.000Z"',
        ),
        ([dt.timedelta(seconds=2)], pa.duration("ms"), "2000"),
        ([b"\xff\x00", b""], pa.binary(), '"/wA=" ""'),
        (["\u2028ü\x7f"], pa.string(), '"\u2028ü\x7f"'),
        (['\\"\n\x00\x1f/'], pa.string(), '"\\\\\\"\\n\\u0000\\u001f/"'),
        ([[("a", 1)]], pa.map_(pa.string(), pa.int8()), '[{"key":"a","value":1}]'),
    ],
)
def test_values_are_written_so(values: list[Any], kind: pa.DataType, expected: str, tmp_path: Path) -> None:
    table = pa.table({"x": pa.array(values, kind)})
    found = [line[5:-1] for line in write_table("jsonl", tmp_path / "x", table).decode().split("\n")[:-1]]
    assert " ".join(found) == expected


def test_names_are_escaped(tmp_path: Path) -> None:
    name = 'a "b"\n\\ü'
    assert _lines(write_table("jsonl", tmp_path / "x", pa.table({name: [1], "y": [2]}))) == [
        {name: 1, "y": 2}
    ]


def test_wide_rows_are_written_in_slices_of_bounded_text(tmp_path: Path) -> None:
    texts = pa.array(["x" * 2_000_000, 'y"' * 1_000_000, None] * 5)
    found = _lines(write_table("jsonl", tmp_path / "x", pa.table({"text": texts})))
    assert [line["text"] for line in found] == texts.to_pylist()


def test_pandas_and_arrow_read_it(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "p": pa.array([0.25, None], pa.float32()), "v": [[1.5, 2.5], None]})
    write_table("jsonl", tmp_path / "x", table)
    assert pd.read_json(tmp_path / "x", lines=True)["id"].tolist() == [1, 2]
    assert pa.json.read_json(tmp_path / "x").to_pylist() == table.to_pylist()
