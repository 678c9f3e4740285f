"""Arrays and dtypes rebuilt from a pickle's description by public constructors only."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from packager.converters.failure import SourceError, UnsafeModelError

_CHUNK = 16 << 20
_PLAIN_KINDS = frozenset("biufcSUV?")


def make_dtype(spec: Any, *flags: Any) -> np.dtype[Any]:
    """``numpy.dtype`` for the spellings that pickles use; ``flags`` (align, copy) change nothing."""
    if isinstance(spec, type) and issubclass(spec, np.generic):
        return np.dtype(spec)
    if not isinstance(spec, str) or any(not isinstance(flag, (bool, int)) for flag in flags):
        raise UnsafeModelError(f"The file builds a numpy dtype from {type(spec).__name__}, not from its name")
    return np.dtype(spec)


def complete_dtype(dtype: np.dtype[Any], state: Any) -> np.dtype[Any]:
    """What ``dtype.__setstate__`` would make, without letting the file set flags or item sizes itself."""
    if not isinstance(state, tuple) or len(state) not in (8, 9):
        raise SourceError("The file describes a numpy dtype that is not known")
    _version, order, subarray, names, fields, size, _alignment, _flags = state[:8]
    if names is not None:
        return np.dtype(
            {
                "names": list(names),
                "formats": [_plain(fields[name][0]) for name in names],
                "offsets": [int(fields[name][1]) for name in names],
                "itemsize": int(size),
            }
        )
    if subarray is not None:
        base, shape = subarray
        return np.dtype((_plain(base), shape))
    return dtype.newbyteorder(order) if order in ("<", ">", "=") else dtype


def _plain(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, np.dtype) or (dtype.kind not in _PLAIN_KINDS) or dtype.hasobject:
        raise SourceError(f"The file describes a record array with a field of dtype {dtype}")
    return dtype


def empty_array(subtype: Any, shape: Any, code: Any) -> np.ndarray[Any, Any]:
    """``numpy._core.multiarray._reconstruct``: the empty array that ``__setstate__`` fills."""
    if subtype is not np.ndarray or tuple(shape) != (0,):
        raise UnsafeModelError(f"The file builds an array of type {subtype!r} and shape {shape!r}")
    return np.ndarray((0,), dtype=code if isinstance(code, str) else "b")


def array_from_buffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray[Any, Any]:
    """``numpy._core.numeric._frombuffer`` for data inside the stream."""
    if not isinstance(buffer, (bytes, bytearray)) or not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise UnsafeModelError("The file builds an array from something that is not bytes")
    array: np.ndarray[Any, Any] = np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)
    return array


def make_scalar(dtype: Any, data: Any = b"") -> Any:
    """``numpy._core.multiarray.scalar``."""
    if not isinstance(dtype, np.dtype) or dtype.hasobject or not isinstance(data, (bytes, str)):
        raise UnsafeModelError("The file builds a numpy scalar from something that is not bytes")
    raw = data.encode("latin1") if isinstance(data, str) else data
    return np.frombuffer(raw, dtype=dtype, count=1)[0]


class JoblibArray:
    """Stands for joblib's NumpyArrayWrapper: the header of an array whose bytes follow in the file."""

    subclass: Any = None
    shape: Any = ()
    order: Any = "C"
    dtype: Any = None
    numpy_array_alignment_bytes: Any = None

    def fill(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise SourceError("The file holds an array header of joblib that is not known")
        for name in ("subclass", "shape", "order", "dtype", "numpy_array_alignment_bytes"):
            if name in state:
                setattr(self, name, state[name])
        if not isinstance(self.dtype, np.dtype) or self.order not in ("C", "F"):
            raise SourceError("The file holds an array header of joblib that is not known")

    @property
    def size_bytes(self) -> int:
        count = 1
        for length in self.shape:
            if not isinstance(length, int) or length < 0:
                raise SourceError(f"The file holds an array of shape {self.shape!r}")
            count *= length
        return count * int(self.dtype.itemsize)

    def skip(self, file: IO[bytes]) -> None:
        self._read(file, keep=False)

    def read(self, file: IO[bytes]) -> np.ndarray[Any, Any]:
        flat = np.frombuffer(self._read(file, keep=True), dtype=self.dtype)
        if self.order == "F":
            return flat.reshape(self.shape[::-1]).transpose()
        return flat.reshape(self.shape)

    def _read(self, file: IO[bytes], *, keep: bool) -> bytearray:
        if self.numpy_array_alignment_bytes is not None:
            file.read(int.from_bytes(file.read(1), "little"))
        data = bytearray()
        left = self.size_bytes
        # In pieces, so that a header that promises more than the file holds costs no memory.
        while left:
            piece = file.read(min(left, _CHUNK))
            if not piece:
                raise SourceError(f"The file ends within an array of shape {tuple(self.shape)}")
            left -= len(piece)
            if keep:
                data += piece
        return data
