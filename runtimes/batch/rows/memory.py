"""Arrow's memory as tensors and back: no copies."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from runtimes.batch.rows.kinds import ARROW
from runtimes.core.tensors import DTYPES, Tensor, size_of


class Held(Tensor):
    """A tensor over memory that something else owns, and keeps while the tensor lives."""

    __slots__ = ("owner",)

    def __init__(self, dtype: str, shape: tuple[int, ...], address: int, owner: object) -> None:
        size = size_of(shape) * DTYPES[dtype][1]
        view = memoryview((ctypes.c_char * size).from_address(address)).cast("B") if size else memoryview(b"")
        super().__init__(dtype, shape, view)
        self.owner = owner


def tensor_over(values: pa.Array, dtype: str, shape: tuple[int, ...]) -> Tensor:
    """The values of a column of numbers without nulls, as they lie in memory."""
    data = values.buffers()[1]
    width = DTYPES[dtype][1]
    address = data.address + values.offset * width if data is not None else 0
    return Held(dtype, shape, address, values)


def array_over(tensor: Tensor) -> pa.Array:
    """The elements of a tensor of numbers, in a flat column."""
    kind = ARROW[tensor.dtype]
    if isinstance(tensor.data, list):
        return pa.array(tensor.data, pa.string())
    count = size_of(tensor.shape)
    if tensor.dtype == "bool":
        return pa.Array.from_buffers(pa.uint8(), count, [None, pa.py_buffer(tensor.data)]).cast(pa.bool_())
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(tensor.data)])


def places_but(count: int, gone: Iterable[int]) -> pa.Array:
    """The places of all rows but some."""
    left = bytearray(b"\1" * count)
    for row in gone:
        left[row] = 0
    mask = pa.Array.from_buffers(pa.uint8(), count, [None, pa.py_buffer(left)]).cast(pa.bool_())
    return pc.indices_nonzero(mask)


def joined(parts: list[Tensor]) -> Tensor:
    """Tensors of one shape but for the number of their rows, as one."""
    shape = (sum(part.shape[0] for part in parts), *parts[0].shape[1:])
    if isinstance(parts[0].data, list):
        return Tensor("string", shape, [text for part in parts for text in part.data])  # type: ignore[misc]
    return Tensor(parts[0].dtype, shape, b"".join([part.data for part in parts]))  # type: ignore[misc]


def rows_of(tensor: Tensor, start: int, stop: int) -> Tensor:
    """Some rows of a tensor, where they lie."""
    width = size_of(tensor.shape[1:])
    shape = (stop - start, *tensor.shape[1:])
    if isinstance(tensor.data, list):
        return Tensor(tensor.dtype, shape, tensor.data[start * width : stop * width])
    step = width * DTYPES[tensor.dtype][1]
    return Tensor(tensor.dtype, shape, memoryview(tensor.data).cast("B")[start * step : stop * step])
