"""The sketch: buckets without gaps, quantiles within the bound that is promised, merging in any order."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.telemetry.sketch import MOST_NS, RELATIVE_ERROR, Sketch, bounds_of, bucket_of, read_sketch

borders = st.integers(0, 62).map(lambda k: 2**k - 1)
latencies = st.one_of(st.integers(0, 200), st.integers(0, MOST_NS), st.integers(10_000, 10_000_000), borders)
lists = st.lists(latencies, max_size=40)


def sketch_of(values: list[int]) -> Sketch:
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    return sketch


def merged(*sketches: Sketch) -> dict[str, object]:
    whole = Sketch()
    for sketch in sketches:
        whole.merge(sketch)
    return whole.document()


@given(latencies)
def test_a_latency_lies_in_its_bucket_and_no_other(value: int) -> None:
    bucket = bucket_of(value)
    low, high = bounds_of(bucket)
    assert low <= value <= high
    assert bounds_of(bucket + 1)[0] == high + 1
    assert high - low <= 2 * RELATIVE_ERROR * low


@given(st.lists(latencies, min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_within_the_promised_share_of_the_true_one(values: list[int], share: float) -> None:
    true = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    found = sketch_of(values).quantile_ns(share)
    assert found is not None
    assert abs(found - true) <= RELATIVE_ERROR * true


@given(lists, lists, lists)
def test_merging_is_associative_and_in_any_order_the_same(a: list[int], b: list[int], c: list[int]) -> None:
    one, two, three = sketch_of(a), sketch_of(b), sketch_of(c)
    left, right = Sketch(), Sketch()
    left.merge(one)
    left.merge(two)
    right.merge(two)
    right.merge(three)
    assert merged(left, three) == merged(one, right) == merged(three, two, one)
    assert merged(one, two, three) == sketch_of(a + b + c).document()


@given(lists)
def test_a_document_is_read_as_it_was_written(values: list[int]) -> None:
    document = sketch_of(values).document()
    assert read_sketch(json.loads(json.dumps(document))).document() == document


def test_nothing_counted_has_no_quantile() -> None:
    assert Sketch().quantile_ns(0.5) is None


def test_what_is_no_latency_is_counted_at_the_end_of_the_range() -> None:
    sketch = sketch_of([-5, MOST_NS * 4])
    assert (sketch.smallest_ns, sketch.largest_ns, sketch.count) == (0, MOST_NS, 2)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"buckets": [[1]], "total_ns": 0},
        {"buckets": [[1, 0]], "total_ns": 0},
        {"buckets": [[10**6, 1]], "total_ns": 0},
        {"buckets": [[1, True]], "total_ns": 0},
        {"buckets": [[1, 1]], "total_ns": -1},
        {"buckets": [[1, 1]], "total_ns": 1, "smallest_ns": None, "largest_ns": 1},
    ],
)
def test_refuses_a_document_that_is_no_sketch(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is no"):
        read_sketch(document)
