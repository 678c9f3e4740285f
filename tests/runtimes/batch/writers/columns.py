"""Columns of any type for the tests of writers: of whatever Arrow can hold, and packed however it can be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

_DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
_TIMES = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))


def _in_utc(time: dt.datetime) -> dt.datetime:
    return time.replace(microsecond=0, tzinfo=dt.UTC)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)

SCALARS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.int8(), st.integers(-128, 127)),
    (pa.float64(), st.floats()),
    (pa.float32(), st.floats(width=32)),
    (pa.float16(), st.floats(width=16)),
    (pa.bool_(), st.booleans()),
    (pa.string(), _TEXTS),
    (pa.large_string(), _TEXTS),
    (pa.string_view(), _TEXTS),
    (pa.binary(), st.binary(max_size=6)),
    (pa.binary(3), st.binary(min_size=3, max_size=3)),
    (pa.decimal128(12, 3), st.integers(-(10**11), 10**11).map(lambda number: Decimal(number).scaleb(-3))),
    (pa.date32(), _DAYS),
    (pa.time64("us"), st.times()),
    (pa.timestamp("us"), _TIMES),
    (pa.timestamp("ms", "America/New_York"), _TIMES.map(_in_utc)),
    (pa.duration("ms"), st.integers(-(10**9), 10**9).map(lambda number: dt.timedelta(milliseconds=number))),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "", "ü"])),
    (pa.null(), st.none()),
]  # fmt: skip


def _nested(
    inner: tuple[pa.DataType, st.SearchStrategy[Any]],
) -> list[tuple[pa.DataType, st.SearchStrategy[Any]]]:
    kind, values = inner[0], inner[1] | st.none()
    return [
        (pa.list_(kind), st.lists(values, max_size=3)),
        (pa.large_list(kind), st.lists(values, max_size=3)),
        (pa.list_(kind, 2), st.lists(values, min_size=2, max_size=2)),
        (pa.struct([("x", kind), ("y", pa.int32())]), st.fixed_dictionaries({"x": values, "y": st.just(7)})),
        (
            pa.map_(pa.string(), kind),
            st.dictionaries(_TEXTS, values, max_size=2).map(lambda found: list(found.items())),
        ),
    ]


def _deep(
    kinds: list[tuple[pa.DataType, st.SearchStrategy[Any]]],
) -> list[tuple[pa.DataType, st.SearchStrategy[Any]]]:
    return [one for inner in kinds for one in _nested(inner)]


FLAT = SCALARS
NESTED = _deep(
    [one for one in SCALARS if one[0] in (pa.float32(), pa.string(), pa.bool_(), pa.string_view())]
)
DEEP = _deep(NESTED[:5])


@st.composite
def batches(draw: st.DrawFn, kinds: list[tuple[pa.DataType, st.SearchStrategy[Any]]]) -> pa.RecordBatch:
    """Some rows of some columns."""
    rows = draw(st.integers(0, 20))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    columns = []
    for kind, values in chosen:
        found = draw(st.lists(values | st.none(), min_size=rows, max_size=rows))
        columns.append(array_of(found, kind))
    return pa.RecordBatch.from_arrays(columns, [f"c{place}" for place in range(len(columns))])


def array_of(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_float16(kind):
        return pa.array(values, pa.float32()).cast(kind)
    return pa.array(values, kind)
