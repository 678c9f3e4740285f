"""How many rows go together follows from the signature and the memory alone."""

import pytest

from runtimes.batch.rows import batch_rows
from runtimes.core.signature import read_signature
from tests.runtimes.core import models


def rows_of(shape: list[int | str], memory_mb: int = 256, dtype: str = "float32") -> int:
    document = models.signature([("x", dtype, shape)], [("y", "float32", ["batch"])])
    return batch_rows(read_signature(document), memory_mb)


def test_narrow_rows_go_through_by_the_ten_thousand() -> None:
    assert rows_of(["batch", 20]) == 16_384


def test_images_go_through_a_few_at_a_time() -> None:
    assert rows_of(["batch", 3, 224, 224]) < 16


def test_sequences_go_through_by_few() -> None:
    assert rows_of(["batch", "length"], dtype="int64") == 64


@pytest.mark.parametrize("shape", [["batch", 100_000_000], ["batch", "height", "width", 3]])
def test_there_is_always_one(shape: list[int | str]) -> None:
    assert rows_of(shape, memory_mb=1) == 1


def test_more_memory_is_more_rows_by_powers_of_two() -> None:
    found = [rows_of(["batch", 1000], memory_mb) for memory_mb in (64, 128, 256, 512)]
    assert found == sorted(set(found))
    assert all(count & (count - 1) == 0 for count in found)
