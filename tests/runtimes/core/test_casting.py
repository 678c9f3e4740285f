"""Tensors in another dtype are exactly the same numbers, or refused."""

import itertools

import numpy as np
import pytest

from runtimes.core.casting import cast, may_cast
from runtimes.core.errors import RequestError
from runtimes.core.tensors import DTYPES, from_buffer

NUMBERS = [dtype for dtype in DTYPES if dtype not in ("string", "bool")]
PAIRS = list(itertools.permutations(NUMBERS, 2))


def is_integer(dtype: str) -> bool:
    return "int" in dtype


@pytest.mark.parametrize(("source", "dtype"), PAIRS)
def test_small_whole_numbers_are_cast_as_numpy_casts_them(source: str, dtype: str) -> None:
    array = np.arange(100, dtype=source).reshape(4, 25)
    tensor = cast(from_buffer(array), dtype, "x")
    if may_cast(source, dtype):
        assert (tensor.dtype, tensor.shape) == (dtype, (4, 25))
        assert tensor.to_bytes() == array.astype(dtype).tobytes()
    else:
        assert tensor.dtype == source


@pytest.mark.parametrize(("source", "dtype"), [pair for pair in PAIRS if is_integer(pair[0])])
def test_every_whole_number_is_cast_exactly_or_refused(source: str, dtype: str) -> None:
    limits = np.iinfo(source)
    ends = {0, 1, limits.min, limits.max, limits.max // 2 + 2, 2**11 + 1, 2**24 + 1, 2**53 + 1}
    for value in sorted(end for end in ends if limits.min <= end <= limits.max):
        with np.errstate(over="ignore"):
            exact = int(np.float64(value)) == value if dtype == "float64" else True
            if not is_integer(dtype):
                rounded = float(np.array(value).astype(dtype))
                exact = exact and np.isfinite(rounded) and int(rounded) == value
            else:
                exact = int(np.iinfo(dtype).min) <= value <= int(np.iinfo(dtype).max)
        tensor = from_buffer(np.array([5, value], source))
        if exact:
            assert cast(tensor, dtype, "x").to_bytes() == np.array([5, value], dtype).tobytes()
        else:
            with pytest.raises(RequestError, match=f"{dtype}, which does not hold its element 1: {value}"):
                cast(tensor, dtype, "x")


@pytest.mark.parametrize(
    ("source", "dtype"), [("float16", "float32"), ("float16", "float64"), ("float32", "float64")]
)
def test_shorter_floats_are_longer_floats_with_nan_and_infinity(source: str, dtype: str) -> None:
    array = np.array([0.1, -1e-7, np.nan, np.inf, -np.inf, -0.0], source)
    cast_array = np.frombuffer(cast(from_buffer(array), dtype, "x").to_bytes(), dtype)
    np.testing.assert_array_equal(cast_array, array.astype(dtype))


@pytest.mark.parametrize(
    ("source", "dtype"),
    [
        ("float64", "float32"),
        ("float32", "int64"),
        ("bool", "float32"),
        ("uint8", "bool"),
        ("int8", "string"),
    ],
)
def test_what_is_never_cast_stays_for_the_signature_to_refuse(source: str, dtype: str) -> None:
    assert not may_cast(source, dtype)
    assert cast(from_buffer(np.ones(3, source)), dtype, "x").dtype == source


def test_an_empty_tensor_is_cast() -> None:
    assert cast(from_buffer(np.zeros((0, 3), np.uint8)), "float32", "x").to_bytes() == b""
