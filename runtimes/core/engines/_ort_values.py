"""Tensors into ONNX Runtime's values and back. Whoever makes a value releases it."""

from __future__ import annotations

import ctypes

from runtimes.core.engines._ort_api import Library
from runtimes.core.errors import ModelError
from runtimes.core.tensors import DTYPES, Tensor, size_of

ORT_DTYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "string": 8,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "uint32": 12,
    "uint64": 13,
}
DTYPE_OF_ORT = {number: dtype for dtype, number in ORT_DTYPES.items()}
_STRING = ORT_DTYPES["string"]


def make_value(library: Library, tensor: Tensor) -> tuple[int, object]:
    """A value over the tensor, and what must stay alive as long as the value does."""
    rank = len(tensor.shape)
    shape = (ctypes.c_int64 * rank)(*tensor.shape)
    if isinstance(tensor.data, list):
        return _make_strings(library, tensor.data, shape, rank), None
    buffer = _addressable(tensor)
    size = size_of(tensor.shape) * DTYPES[tensor.dtype][1]
    number = ORT_DTYPES[tensor.dtype]
    value = library.made(
        library.create_tensor_with_data, library.memory_info, buffer, size, shape, rank, number
    )
    return value, buffer


def read_value(library: Library, value: int) -> Tensor:
    """A copy of what a value holds."""
    number, shape = read_info(library, library.made(library.tensor_info, value))
    dtype = DTYPE_OF_ORT.get(number)
    if dtype is None:
        raise ModelError(f"the model gave a tensor of ONNX Runtime's type {number}, which is not served")
    if number == _STRING:
        return Tensor(dtype, shape, read_strings(library, value, size_of(shape)))
    size = size_of(shape) * DTYPES[dtype][1]
    data = ctypes.string_at(library.made(library.tensor_data, value), size) if size else b""
    return Tensor(dtype, shape, data)


def read_info(library: Library, info: int) -> tuple[int, tuple[int, ...]]:
    """Element type and shape (-1: free) of a type description, which is released."""
    try:
        number = library.made(library.element_type, info)
        rank = library.made(library.dimension_count, info)
        dims = (ctypes.c_int64 * rank)()
        library.check(library.dimensions(info, dims, rank))
        return number, tuple(dims)
    finally:
        library.release_tensor_info(info)


def _addressable(tensor: Tensor) -> object:
    """The tensor's buffer as ctypes passes it on; a copy only of read-only memory that is not ``bytes``."""
    data = tensor.data
    expected = size_of(tensor.shape) * DTYPES[tensor.dtype][1]
    view = memoryview(data)  # type: ignore[arg-type]
    if view.nbytes != expected:
        message = f"{tensor.dtype} of shape {list(tensor.shape)} takes {expected} bytes, not {view.nbytes}"
        raise ModelError(message, about_input=True)
    if isinstance(data, bytes):
        return data
    if view.readonly or not expected or not view.c_contiguous:
        return view.tobytes()
    return (ctypes.c_char * view.nbytes).from_buffer(view)


def write_strings(library: Library, value: int, strings: list[str]) -> None:
    """Set the texts of a value, whatever it held before."""
    encoded = [text.encode("utf-8") for text in strings]
    library.check(library.fill_strings(value, (ctypes.c_char_p * len(encoded))(*encoded), len(encoded)))
    if b"\0" not in b"".join(encoded):
        return
    for index, text in enumerate(encoded):
        if b"\0" in text:  # the call above reads up to the first NUL
            place = library.made(library.resized_string_buffer, value, index, len(text))
            ctypes.memmove(place, text, len(text))


def _make_strings(library: Library, strings: list[str], shape: object, rank: int) -> int:
    value = library.made(library.create_tensor, library.allocator, shape, rank, _STRING)
    try:
        write_strings(library, value, strings)
    except ModelError:
        library.release_value(value)
        raise
    return value


def read_strings(library: Library, value: int, count: int) -> list[str]:
    """The texts of a value that holds ``count`` of them."""
    if not count:
        return []
    length = library.made(library.strings_length, value)
    content = ctypes.create_string_buffer(length + 1)
    starts = (ctypes.c_size_t * count)()
    library.check(library.strings_content(value, content, length, starts, count))
    text = content.raw
    ends = [*starts[1:], length]
    return [text[start:end].decode("utf-8", "replace") for start, end in zip(starts, ends)]
