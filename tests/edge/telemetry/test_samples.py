"""Samples: named fields alone, short, and a fair choice of them."""

import json
from collections import Counter

import pytest

from edge.telemetry.samples import MOST_TEXT, Samples


def kept(samples: Samples) -> list[dict[str, object]]:
    document = samples.document()
    assert document is not None
    found = document["kept"]
    assert isinstance(found, list)
    return found


def test_fields_that_are_not_named_never_stay() -> None:
    samples = Samples(["age"])
    samples.offer({"age": 41, "name": "Ada", "diagnosis": "x"})
    assert kept(samples) == [{"age": 41}]


def test_values_are_numbers_or_short_texts_and_always_json() -> None:
    samples = Samples(["a"], most=10)
    values = [1, 1.5, True, None, "x" * 1000, float("nan"), 1 << 200, [1, 2], {"b": 1}]
    for value in values:
        samples.offer({"a": value})
    found = [sample["a"] for sample in kept(samples)]
    assert found[:4] == [1, 1.5, True, None]
    assert found[4] == "x" * MOST_TEXT
    assert found[5:] == ["nan", str(1 << 200), "<list>", "<dict>"]
    json.dumps(found, allow_nan=False)


def test_each_sample_of_an_interval_has_the_same_chance() -> None:
    counted: Counter[object] = Counter()
    for _ in range(400):
        samples = Samples(["n"], most=5)
        for number in range(20):
            samples.offer({"n": number})
        assert len(kept(samples)) == 5
        counted.update(sample["n"] for sample in kept(samples))
    assert all(
        40 < counted[number] < 170 for number in range(20)
    )  # 100 each; these are 6 deviations and more


def test_an_interval_begins_with_none() -> None:
    samples = Samples(["a"])
    assert samples.document() is None
    samples.offer({"a": 1})
    samples.clear()
    assert samples.document() is None


@pytest.mark.parametrize(
    ("fields", "most"), [((), 5), ("age", 5), ((1,), 5), (("age",), 0), (("age",), 10_000)]
)
def test_refuses_what_names_no_fields_or_no_bound(fields: tuple[str, ...], most: int) -> None:
    with pytest.raises(ValueError, match=r"fields is|most is"):
        Samples(fields, most)
