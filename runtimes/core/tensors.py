"""Tensors as this runtime holds them: a dtype, a shape and a contiguous buffer, or a list of strings.

Buffers are C order and little-endian, as every machine is that the engines are published for.
"""

from __future__ import annotations

from array import array

from runtimes.core.errors import ModelError, RequestError

DTYPES = {
    "float16": ("e", 2),
    "float32": ("f", 4),
    "float64": ("d", 8),
    "int8": ("b", 1),
    "int16": ("h", 2),
    "int32": ("i", 4),
    "int64": ("q", 8),
    "uint8": ("B", 1),
    "uint16": ("H", 2),
    "uint32": ("I", 4),
    "uint64": ("Q", 8),
    "bool": ("?", 1),
    "string": ("", 0),
}
"""Each dtype with its ``struct`` code and its size in bytes."""

FLOATS = ("float16", "float32", "float64")
_OF_CODE = {code: dtype for dtype, (code, _) in DTYPES.items() if code}
_OF_SIZE = {("l", 8): "int64", ("L", 8): "uint64", ("l", 4): "int32", ("L", 4): "uint32"}


class Tensor:
    """``data`` is a bytes-like object for numbers, a flat list of ``str`` for strings."""

    __slots__ = ("data", "dtype", "shape")

    def __init__(
        self,
        dtype: str,
        shape: tuple[int, ...],
        data: bytes | bytearray | memoryview | array[int] | array[float] | list[str],
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.data = data

    def to_bytes(self) -> bytes:
        """The elements as they lie in memory (numbers only)."""
        if isinstance(self.data, list):
            raise ModelError("a tensor of strings has no bytes")
        return self.data if isinstance(self.data, bytes) else memoryview(self.data).tobytes()

    def document(self) -> dict[str, object]:
        """The tensor as JSON: base64, or the strings themselves."""
        head: dict[str, object] = {"dtype": self.dtype, "shape": list(self.shape)}
        if isinstance(self.data, list):
            head["data"] = self.data
        else:
            import binascii

            head["b64"] = binascii.b2a_base64(self.data, newline=False).decode("ascii")
        return head


def size_of(shape: tuple[int, ...]) -> int:
    """The number of elements of a shape."""
    size = 1
    for dim in shape:
        size *= dim
    return size


MISSING_TEXT = "\ufdd0"
"""Stands for null where the model takes a missing text: Unicode keeps this one free of any meaning."""


def from_buffer(value: object, field: str | None = None) -> Tensor:
    """A tensor over anything with the buffer protocol (a numpy array); no copy where it is contiguous."""
    try:
        view = memoryview(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise RequestError(f"a {type(value).__name__} is not an array", field=field) from None
    code = view.format.lstrip("<=@|")
    dtype = _OF_CODE.get(code) or _OF_SIZE.get((code, view.itemsize))
    if dtype is None:
        raise RequestError(f"an array with elements of the kind {view.format!r} is not taken", field=field)
    return Tensor(dtype, tuple(view.shape or ()), view if view.c_contiguous else view.tobytes())


def from_document(document: dict[str, object], field: str) -> Tensor:
    """A tensor out of ``{"dtype", "shape", "b64"}`` or, for strings, ``{"dtype", "shape", "data"}``."""
    dtype = document.get("dtype")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise RequestError(f"dtype must be one of {', '.join(DTYPES)}", field=f"{field}.dtype")
    shape = read_shape(document.get("shape"), f"{field}.shape")
    if dtype == "string":
        return Tensor(dtype, shape, _strings(document.get("data"), shape, field))
    data = _decode(document.get("b64"), f"{field}.b64")
    return from_bytes(dtype, shape, data, "b64", f"{field}.b64")


def from_bytes(dtype: str, shape: tuple[int, ...], data: bytes, where: str, field: str) -> Tensor:
    """A tensor of numbers over bytes that came from ``where``, when they are as many as its shape takes."""
    expected = size_of(shape) * DTYPES[dtype][1]
    if len(data) != expected:
        message = f"{dtype} of shape {list(shape)} takes {expected} bytes, but {where} holds {len(data)}"
        raise RequestError(message, field=field)
    return Tensor(dtype, shape, normal_booleans(data) if dtype == "bool" else data)


def read_shape(value: object, field: str) -> tuple[int, ...]:
    """A shape out of JSON: whole numbers that are not negative."""
    if not isinstance(value, list) or len(value) > 16:
        raise RequestError("shape must be a list of sizes", field=field)
    for dim in value:
        if type(dim) is not int or not 0 <= dim < 2**40:
            raise RequestError("shape must be a list of whole numbers that are not negative", field=field)
    return tuple(value)


def normal_booleans(data: bytes) -> bytes:
    """Any byte but 0 is true; engines take only 0 and 1."""
    return data.translate(b"\0" + b"\1" * 255)


def has_nonfinite(data: bytes | bytearray, dtype: str) -> bool:
    """Whether a NaN or an infinite value is among the floats.

    The top byte of every element is looked at first, at the speed of ``memchr``: it tells all but numbers
    near the end of the range.
    """
    width = DTYPES[dtype][1]
    top = data[width - 1 :: width]
    if width > 2:
        if 0x7F not in top and 0xFF not in top:
            return False
    elif _SUSPECTS_16.isdisjoint(top):
        return False
    return bool(nonfinite_places(data, dtype))


def nonfinite_places(data: bytes | bytearray, dtype: str, only_nan: bool = False) -> list[int]:
    """The flat indexes of the values that are not finite, or only of those that are NaN."""
    code = DTYPES[dtype][0]
    values = _halves(data) if code == "e" else memoryview(data).cast(code)  # type: ignore[call-overload]
    if only_nan:
        return [index for index, value in enumerate(values) if value - value != 0 and abs(value) != _INFINITY]
    return [index for index, value in enumerate(values) if value - value != 0]


def _halves(data: bytes | bytearray) -> tuple[float, ...]:
    import struct

    return struct.unpack(f"<{len(data) // 2}e", data)


def _decode(value: object, field: str) -> bytes:
    if not isinstance(value, str):
        raise RequestError("b64 must be base64 text", field=field)
    import binascii  # a start that reads plain numbers does without it

    try:
        data = binascii.a2b_base64(value)  # of a text that is not ASCII it says so
    except ValueError:
        raise RequestError("b64 is not base64", field=field) from None
    # The decoder skips what is not in the alphabet; what it read must account for all that was sent.
    if len(value.rstrip("=")) != -(-len(data) * 4 // 3):
        raise RequestError("b64 is not base64", field=field)
    return data


def _strings(value: object, shape: tuple[int, ...], field: str) -> list[str]:
    if not isinstance(value, list) or not all(type(item) is str for item in value):
        raise RequestError("data must be a flat list of strings", field=f"{field}.data")
    if len(value) != size_of(shape):
        message = f"shape {list(shape)} takes {size_of(shape)} strings, but data holds {len(value)}"
        raise RequestError(message, field=f"{field}.data")
    return value


_INFINITY = float("inf")
_SUSPECTS_16 = frozenset(b"\x7c\x7d\x7e\x7f\xfc\xfd\xfe\xff")
