"""Nested lists to buffers exactly, and back; misfits are found at their place."""

import math
from typing import Any

import numpy as np
import pytest

from runtimes.core.nested import KIND_OF_DTYPE, MisfitError, flatten, nest, pack, to_flat, to_list
from runtimes.core.tensors import DTYPES, MISSING_TEXT, Tensor, from_buffer

NUMBERS = [dtype for dtype in DTYPES if dtype != "string"]
INTEGERS = [dtype for dtype in NUMBERS if "int" in dtype]


def packed(values: list[Any], dtype: str, nullable: bool = False) -> bytes | list[str]:
    return pack(values, dtype, KIND_OF_DTYPE.get(dtype, "integer"), nullable)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3), (2, 3, 4, 2)])
def test_nested_lists_have_a_shape_and_come_back(shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
    flat, found = flatten(array.tolist(), len(shape))
    assert flat == array.ravel().tolist()
    if 0 not in shape:
        assert found == shape
    assert nest(flat, shape) == array.tolist()


@pytest.mark.parametrize(
    ("value", "rank", "position", "reason"),
    [
        (3, 1, (), "must be a list, not 3"),
        ([[1], [2, 3]], 2, (1,), "has 2 values where the others have 1"),
        ([[1], 2], 2, (1,), "must be a list, not 2"),
        ([[[1], [2]], [[3], "four"]], 3, (1, 1), "must be a list, not text"),
        ([[[1, 2]], [[3]]], 3, (1, 0), "has 1 values where the others have 2"),
        ({"a": 1}, 1, (), "must be a list, not an object"),
    ],
)
def test_ragged_lists_are_found_at_their_place(
    value: object, rank: int, position: tuple[Any, ...], reason: str
) -> None:
    with pytest.raises(MisfitError) as raised:
        flatten(value, rank)
    assert (raised.value.position, raised.value.reason) == (position, reason)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers_are_packed_as_numpy_packs_them(dtype: str) -> None:
    values = [True, False, True] if dtype == "bool" else [0, 1, 100]
    assert packed(values, dtype) == np.array(values, dtype).tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_rounded_as_numpy_rounds_them(dtype: str) -> None:
    values = [0.1, -1e-7, 3, 65504.0, 1 / 3, 5e-324]
    assert packed(values, dtype) == np.array(values, dtype).tobytes()


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_taken_up_to_their_limits_and_not_beyond(dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = [int(limits.min), int(limits.max)]
    assert packed(values, dtype) == np.array(values, dtype).tobytes()
    for value in (values[0] - 1, values[1] + 1, 10**40):
        with pytest.raises(MisfitError, match=f"is too large for {dtype}") as raised:
            packed([0, value], dtype)
        assert raised.value.position == (1,)


@pytest.mark.parametrize(
    ("dtype", "value"), [("float16", 65520.0), ("float32", 3.5e38), ("float64", 10**400)]
)
def test_floats_beyond_their_range_are_refused_not_made_infinite(dtype: str, value: float) -> None:
    with pytest.raises(MisfitError, match=f"is too large for {dtype}"):
        packed([1.0, value], dtype)


def test_whole_floats_are_whole_numbers() -> None:
    assert packed([3.0, 2], "int32") == np.array([3, 2], np.int32).tobytes()


@pytest.mark.parametrize(
    ("dtype", "value", "reason"),
    [
        ("float32", True, "must be a number, not true"),
        ("float32", "1", "must be a number, not text"),
        ("float32", None, "must be a number, not null"),
        ("float32", [1], "must be a number, not a list"),
        ("float32", {}, "must be a number, not an object"),
        ("float32", math.nan, "must be a finite number, not nan"),
        ("float64", math.inf, "must be a finite number, not inf"),
        ("float16", -math.inf, "must be a finite number, not -inf"),
        ("int64", 1.5, "must be a whole number, not 1.5"),
        ("int64", False, "must be a whole number, not false"),
        ("int64", math.inf, "must be a whole number, not inf"),
        ("int64", math.nan, "must be a whole number, not nan"),
        ("bool", 1, "must be true or false, not 1"),
        ("bool", "true", "must be true or false, not text"),
        ("string", 1, "must be text, not 1"),
        ("string", None, "must be text, not null"),
        ("string", "\ud800", "must be text that UTF-8 can hold"),
    ],
)
def test_a_value_of_another_kind_is_refused_at_its_place(dtype: str, value: object, reason: str) -> None:
    good = {"bool": True, "string": "a"}.get(dtype, 1)
    with pytest.raises(MisfitError) as raised:
        packed([good, good, value], dtype)
    assert raised.value.position == (2,)
    assert raised.value.reason.startswith(reason)


def test_null_is_nan_only_where_it_is_taken() -> None:
    data = packed([1.0, None], "float32", nullable=True)
    np.testing.assert_array_equal(np.frombuffer(bytes(data), np.float32), [1, np.nan])  # type: ignore[arg-type]
    with pytest.raises(MisfitError, match="not null"):
        packed([1, None], "int64", nullable=True)
    with pytest.raises(MisfitError, match="must be a finite number"):
        packed([1.0, math.nan], "float32", nullable=True)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(), (2, 3), (2, 0)])
def test_a_tensor_is_written_as_numpy_writes_it(dtype: str, shape: tuple[int, ...]) -> None:
    array = (np.arange(math.prod(shape)).reshape(shape) % 2).astype(dtype)
    assert to_list(from_buffer(array)) == array.tolist()
    assert to_flat(from_buffer(array)) == array.ravel().tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_what_json_cannot_say_is_null(dtype: str) -> None:
    array = np.array([[1, np.nan], [np.inf, -np.inf]], dtype)
    assert to_list(from_buffer(array)) == [[1.0, None], [None, None]]


def test_strings_are_cut_to_their_shape() -> None:
    assert to_list(Tensor("string", (2, 1), ["a", "b"])) == [["a"], ["b"]]


def test_null_in_a_nullable_text_column_is_a_mark_that_no_request_may_hold() -> None:
    assert pack(["a", None, ""], "string", "text", True) == ["a", MISSING_TEXT, ""]
    with pytest.raises(MisfitError, match="for a missing one write null"):
        pack(["a", MISSING_TEXT], "string", "text", True)
    with pytest.raises(MisfitError, match="must be"):
        pack(["a", None], "string", "text", False)
