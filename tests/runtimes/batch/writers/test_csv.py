"""CSV: RFC 4180, and the same values back for whoever reads it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import HealthCheck, given, settings

from tests.runtimes.batch.writers.columns import FLAT, NESTED, batches
from tests.runtimes.batch.writers.writing import write, write_table

_EXACT = [
    one for one in FLAT if str(one[0]) in ("int64", "uint64", "double", "float", "string", "large_string")
]
_TEXTS = [one for one in FLAT if str(one[0]) in ("string", "large_string", "string_view")]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=batches(_EXACT))
def test_every_number_is_read_back(rows: pa.RecordBatch, tmp_path: Path) -> None:
    write("csv", tmp_path / "x", [rows], rows.schema)
    types = {field.name: field.type for field in rows.schema}
    options = pa.csv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    parse = pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    if len(rows.schema) > 1:
        found = pa.csv.read_csv(tmp_path / "x", convert_options=options, parse_options=parse)
        assert str(found.to_pylist()) == str(rows.to_pylist())


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=batches(_TEXTS))
def test_every_text_is_read_back(rows: pa.RecordBatch, tmp_path: Path) -> None:
    content = write("csv", tmp_path / "x", [rows], rows.schema)
    header, *found = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == rows.schema.names
    assert found == [[value or "" for value in row.values()] for row in rows.to_pylist()]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=batches(NESTED))
def test_lists_and_structs_are_json(rows: pa.RecordBatch, tmp_path: Path) -> None:
    content = write("csv", tmp_path / "x", [rows], rows.schema)
    lines = write("jsonl", tmp_path / "y", [rows], rows.schema).decode().split("\n")[:-1]
    _, *found = csv.reader(io.StringIO(content.decode(), newline=""))
    for cells, line in zip(found, lines, strict=True):
        assert [json.loads(cell) if cell else None for cell in cells] == list(json.loads(line).values())


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([0.1, 3.4e38, float("nan"), float("inf"), None], pa.float32(), "0.1 3.4e+38 nan inf "),
        ([0.5, 2], pa.float16(), "0.5 2"),
        (["", None, "a", 'b"c'], pa.string(), '""  "a" "b""c"'),
        ([True, None], pa.bool_(), "true "),
        ([Decimal("1.20")], pa.decimal128(9, 2), "1.20"),
        ([dt.date(2026, 1, 2)], pa.date32(), "2026-01-02"),
        (
            [dt.datetime(2026, 7, 2, tzinfo=dt.UTC)],
            pa.timestamp("s", "Europe/Berlin"),
            "2026-07-02T00:00:00Z",
        ),
        ([b"\xff", None, b""], pa.binary(), '"/w=="  ""'),
        ([[1, None], None], pa.list_(pa.int8()), '"[1,null]" '),
        ([None], pa.null(), ""),
    ],
)
def test_values_are_written_so(values: list[Any], kind: pa.DataType, expected: str, tmp_path: Path) -> None:
    column = pa.array(values, pa.float32()).cast(kind) if kind == pa.float16() else pa.array(values, kind)
    content = write_table("csv", tmp_path / "x", pa.table({"x": column, "y": [7] * len(values)})).decode()
    found = [line.removesuffix(",7") for line in content.split("\n")[1:-1]]
    assert " ".join(found).replace("2026-07-02 00", "2026-07-02T00") == expected


def test_a_missing_value_alone_in_its_line_is_a_row_still(tmp_path: Path) -> None:
    write_table("csv", tmp_path / "x", pa.table({"x": [1, None, 3]}))
    assert [row for row in csv.reader((tmp_path / "x").read_text().splitlines()) if row] == [
        ["x"],
        ["1"],
        [""],
        ["3"],
    ]


def test_pandas_reads_it(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2, 3],
            "p": pa.array([0.1, None, float("nan")], pa.float32()),
            "label": ["a,b", 'say "x"\n', "ü"],
            "time": pa.array([dt.datetime(2026, 1, 2, tzinfo=dt.UTC)] * 3, pa.timestamp("us", "UTC")),
        }
    )
    write_table("csv", tmp_path / "x", table)
    found = pd.read_csv(tmp_path / "x", dtype={"p": np.float32}, parse_dates=["time"])
    assert found["p"].tolist()[0] == np.float32(0.1)
    assert found["label"].tolist() == table["label"].to_pylist()
    assert found["time"].tolist() == [pd.Timestamp("2026-01-02", tz="UTC")] * 3
