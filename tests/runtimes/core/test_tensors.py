"""Tensors from JSON documents and arrays, and back, in every dtype."""

import base64

import numpy as np
import pytest

from runtimes.core.errors import RequestError
from runtimes.core.tensors import DTYPES, Tensor, from_buffer, from_document, has_nonfinite, nonfinite_places
from tests.artifacts import Document

NUMBERS = [dtype for dtype in DTYPES if dtype != "string"]
FLOATS = ["float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_document_becomes_a_tensor_and_the_same_document(dtype: str) -> None:
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    document: Document = {"dtype": dtype, "shape": [2, 3], "b64": base64.b64encode(array.tobytes()).decode()}
    tensor = from_document(document, "x")
    assert (tensor.dtype, tensor.shape, tensor.to_bytes()) == (dtype, (2, 3), array.tobytes())
    assert tensor.document() == document


def test_strings_stand_flat_in_data() -> None:
    document: Document = {"dtype": "string", "shape": [2, 1], "data": ["a", "ö"]}
    tensor = from_document(document, "x")
    assert (tensor.shape, tensor.data) == ((2, 1), ["a", "ö"])
    assert tensor.document() == document


@pytest.mark.parametrize("dtype", NUMBERS)
def test_an_array_becomes_a_tensor_without_a_copy(dtype: str) -> None:
    array = np.ones((2, 3), dtype)
    tensor = from_buffer(array)
    assert (tensor.dtype, tensor.shape, tensor.to_bytes()) == (dtype, (2, 3), array.tobytes())
    assert np.shares_memory(np.asarray(tensor.data), array)


@pytest.mark.parametrize("value", [3, "text", [1], np.ones(2, ">f4"), np.ones(2, "complex64"), None])
def test_what_is_no_array_of_a_known_kind_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match=r"is not an array|is not taken"):
        from_buffer(value)


@pytest.mark.parametrize(
    ("document", "field", "sentence"),
    [
        ({}, "x.dtype", "dtype must be one of float16"),
        ({"dtype": "float"}, "x.dtype", "dtype must be one of"),
        ({"dtype": ["float32"]}, "x.dtype", "dtype must be one of"),
        ({"dtype": "float32"}, "x.shape", "shape must be a list"),
        ({"dtype": "float32", "shape": 3}, "x.shape", "shape must be a list"),
        ({"dtype": "float32", "shape": [1.5]}, "x.shape", "whole numbers"),
        ({"dtype": "float32", "shape": [True]}, "x.shape", "whole numbers"),
        ({"dtype": "float32", "shape": [-1]}, "x.shape", "not negative"),
        ({"dtype": "float32", "shape": [10**30]}, "x.shape", "whole numbers"),
        ({"dtype": "float32", "shape": [1] * 17}, "x.shape", "shape must be a list"),
        ({"dtype": "float32", "shape": [1]}, "x.b64", "must be base64 text"),
        ({"dtype": "float32", "shape": [1], "b64": 7}, "x.b64", "must be base64 text"),
        ({"dtype": "float32", "shape": [1], "b64": "AAA"}, "x.b64", "not base64"),
        ({"dtype": "float32", "shape": [1], "b64": "AA*AAAA=="}, "x.b64", "not base64"),
        ({"dtype": "float32", "shape": [1], "b64": "ÄÄÄÄ"}, "x.b64", "not base64"),
        ({"dtype": "float32", "shape": [1], "b64": "AAAA"}, "x.b64", "takes 4 bytes, but b64 holds 3"),
        ({"dtype": "string", "shape": [1]}, "x.data", "flat list of strings"),
        ({"dtype": "string", "shape": [1], "data": [1]}, "x.data", "flat list of strings"),
        ({"dtype": "string", "shape": [2], "data": ["a"]}, "x.data", "takes 2 strings, but data holds 1"),
    ],
)
def test_a_wrong_document_is_refused_by_field(document: Document, field: str, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence) as raised:
        from_document(document, "x")
    assert (raised.value.field, raised.value.status) == (field, 422)


def test_any_byte_but_zero_is_true() -> None:
    tensor = from_document(
        {"dtype": "bool", "shape": [3], "b64": base64.b64encode(b"\0\x01\xfe").decode()}, "x"
    )
    assert tensor.to_bytes() == b"\0\x01\x01"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_found(dtype: str, value: float) -> None:
    array = np.zeros(9, dtype)
    array[4] = value
    assert has_nonfinite(array.tobytes(), dtype)
    assert nonfinite_places(array.tobytes(), dtype) == [4]
    assert nonfinite_places(array.tobytes(), dtype, only_nan=True) == ([4] if np.isnan(value) else [])


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_largest_finite_values_are_finite(dtype: str) -> None:
    limits = np.finfo(dtype)
    values = np.array([limits.max, limits.min, limits.tiny, 0], dtype)
    assert not has_nonfinite(values.tobytes(), dtype)


def test_a_tensor_over_a_writable_buffer_gives_its_bytes() -> None:
    assert Tensor("uint8", (3,), bytearray(b"abc")).to_bytes() == b"abc"
