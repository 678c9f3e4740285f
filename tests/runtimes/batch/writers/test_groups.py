"""Groups of rows: their borders depend on the rows, not on the batches they come in."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtimes.batch.writers.groups import Groups
from runtimes.batch.writers.plain import plain_columns, plain_schema
from tests.runtimes.batch.writers.columns import DEEP, FLAT, NESTED, batches


def _sizes(parts: list[pa.RecordBatch], rows: int, size_bytes: int) -> list[int]:
    groups = Groups(parts[0].schema, rows, size_bytes)
    full = [group.num_rows for part in parts for group in groups.add(part)]
    return [*full, *(group.num_rows for group in groups.rest())]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(packed=st.one_of(batches(FLAT), batches(NESTED), batches(DEEP)), data=st.data())
def test_the_borders_are_the_same_however_the_rows_come(packed: pa.RecordBatch, data: st.DataObject) -> None:
    schema = plain_schema(packed.schema)
    batch = pa.RecordBatch.from_arrays(plain_columns(packed, schema), schema=schema)
    cuts = sorted(data.draw(st.lists(st.integers(0, batch.num_rows), max_size=6)))
    rows, size_bytes = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 200))
    parts = [
        batch.slice(start, stop - start)
        for start, stop in zip([0, *cuts], [*cuts, batch.num_rows], strict=True)
    ]
    found = _sizes(parts, rows, size_bytes)
    assert found == _sizes([batch], rows, size_bytes)
    assert sum(found) == batch.num_rows
    assert max(found, default=1) <= rows


def test_a_group_ends_with_the_row_that_reaches_its_bytes() -> None:
    batch = pa.record_batch({"text": ["x" * 40, "", "", "x" * 400, "y", None]})
    assert _sizes([batch], 100, 100) == [4, 2]


def test_large_elements_of_lists_count() -> None:
    batch = pa.record_batch({"lists": [["x" * 60, "x" * 60], None, [], ["x" * 200], ["y"]]})
    assert _sizes([batch], 100, 100) == [1, 3, 1]


def test_rows_of_many_numbers_are_fewer() -> None:
    pictures = pa.array([[0.5] * 100] * 10, pa.list_(pa.float32(), 100))
    assert _sizes([pa.record_batch({"pictures": pictures})], 100, 1200) == [3, 3, 3, 1]
