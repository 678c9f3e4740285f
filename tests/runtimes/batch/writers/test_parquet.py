"""Parquet as others read it: groups, dictionaries, statistics, no time of writing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.runtimes.batch.writers.writing import write_table

_ROWS = 300_000
_TABLE = pa.table(
    {
        "id": pa.array(range(_ROWS)),
        "p": pa.array([0.5, 0.25, 0.125] * (_ROWS // 3), pa.float32()),
        "a.label": ["setosa", "virginica", "versicolor"] * (_ROWS // 3),
    }
)


def test_pandas_reads_what_was_written(tmp_path: Path) -> None:
    write_table("parquet", tmp_path / "x", _TABLE)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x"), _TABLE.to_pandas())


def test_groups_are_of_one_size(tmp_path: Path) -> None:
    write_table("parquet", tmp_path / "x", _TABLE)
    metadata = pq.read_metadata(tmp_path / "x")
    rows = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert rows == [131_072, 131_072, _ROWS - 262_144]


def test_texts_have_a_dictionary_and_numbers_have_bounds(tmp_path: Path) -> None:
    write_table("parquet", tmp_path / "x", _TABLE)
    group = pq.read_metadata(tmp_path / "x").row_group(1)
    number, _, text = (group.column(place) for place in range(3))
    assert (number.statistics.min, number.statistics.max) == (131_072, 262_143)
    assert not number.has_dictionary_page
    assert text.has_dictionary_page
    assert number.compression == text.compression == "SNAPPY"
