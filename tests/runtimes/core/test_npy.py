"""`.npy` files as NumPy writes them, and back; what is not taken is refused with a reason."""

import io
from typing import Any

import numpy as np
import pytest

from runtimes.core import npy
from runtimes.core.errors import RequestError
from runtimes.core.tensors import DTYPES, from_buffer

NUMBERS = [dtype for dtype in DTYPES if dtype != "string"]
SHAPES = [(), (0,), (5,), (2, 3), (2, 0, 3), (1, 3, 4, 2)]


def saved(array: np.ndarray, version: Any = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_array_is_read_as_numpy_saved_it_and_written_as_numpy_reads_it(
    dtype: str, shape: tuple[int, ...]
) -> None:
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2).astype(dtype)
    tensor = npy.read(saved(array))
    assert (tensor.dtype, tensor.shape, tensor.to_bytes()) == (dtype, shape, array.tobytes())
    again = np.load(io.BytesIO(npy.header(from_buffer(array)) + array.tobytes()), allow_pickle=False)
    assert (again.dtype, again.shape) == (array.dtype, shape)
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_is_read(version: tuple[int, int]) -> None:
    assert npy.read(saved(np.ones((2, 3), np.float32), version)).shape == (2, 3)


def test_fortran_order_of_one_axis_is_c_order() -> None:
    file = saved(np.arange(3.0)).replace(b"'fortran_order': False", b"'fortran_order': True ")
    assert npy.read(file).shape == (3,)


GOOD = saved(np.ones((2, 3), np.float32))
BAD = [
    (b"", "no .npy file"),
    (b"\x93NUMPY", "no .npy file"),
    (b"PK\x03\x04 an npz", "no .npy file"),
    (b"\x93NUMPY\x09\x00" + GOOD[8:], "no .npy file of version 1, 2 or 3"),
    (GOOD[:40], "cut off"),
    (b"\x93NUMPY\x02\x00" + (2**20).to_bytes(4, "little") + b" " * 2**20, "too long"),
    (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", "cut off or too long"),
    (GOOD[:-1], "takes 24 bytes, but the body holds 23"),
    (GOOD + b"\0", "takes 24 bytes, but the body holds 25"),
    (saved(np.asfortranarray(np.ones((2, 3)))), "Fortran order"),
    (saved(np.ones(2, ">f4")), "big-endian"),
    (saved(np.array([None])), "only numbers and booleans"),
    (saved(np.array(["a"])), "only numbers and booleans"),
    (saved(np.ones(2, np.complex64)), "only numbers and booleans"),
    (saved(np.ones(2, np.longdouble)), "only numbers and booleans"),
    (saved(np.ones(2, "datetime64[s]")), "only numbers and booleans"),
    (saved(np.zeros(2, [("a", "<f4"), ("b", "<i4")])), "records"),
    (GOOD.replace(b"(2, 3)", b"(2, -"), "no shape"),
    (GOOD.replace(b"(2, 3)", b"(2,3a)"), "no shape"),
    (GOOD.replace(b"(2, 3)", b"(,,,,)"), "whole numbers with commas"),
    (GOOD.replace(b"'descr'", b"'DESCR'"), "says no descr"),
    (GOOD.replace(b"False, ", b"False,1"), "more than descr"),
    (GOOD.replace(b"'descr'", b"'d\xffscr'"), "not text"),
    (GOOD.replace(b"'<f4'", b"''   "), "only numbers and booleans"),
]


@pytest.mark.parametrize(("file", "reason"), BAD)
def test_a_file_that_is_not_taken_is_refused_with_its_reason(file: bytes, reason: str) -> None:
    with pytest.raises(RequestError, match=reason) as raised:
        npy.read(file)
    assert raised.value.status == 422


@pytest.mark.parametrize(("text", "sizes"), [("1,3,224,224", (1, 3, 224, 224)), (" 2 , 0", (2, 0)), ("", ())])
def test_sizes_are_read(text: str, sizes: tuple[int, ...]) -> None:
    assert npy.read_sizes(text, "x-tensor-shape") == sizes


@pytest.mark.parametrize(
    "text", ["-1,2", "1,,2", "a", "1.0", "９", "1" * 13, ",".join("1" * 17), "1" * 10**6]
)
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="whole numbers") as raised:
        npy.read_sizes(text, "x-tensor-shape")
    assert len(raised.value.message) < 200
