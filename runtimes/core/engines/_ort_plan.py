"""A prepared run for one set of shapes: values over buffers that are used again and again.

Making and releasing values costs several times what a small model does. For the shapes that come most, the
single row above all, inputs are copied into buffers that ONNX Runtime already knows, and it writes its
outputs into others.
"""

from __future__ import annotations

import ctypes

from runtimes.core.engines._ort_api import Library
from runtimes.core.engines._ort_values import make_value, read_strings, write_strings
from runtimes.core.tensors import DTYPES, Tensor, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    RunCall = Callable[[int, object, object], "int | None"]
    Kind = tuple[str, tuple[int, ...]]

MAX_PLANS = 8
_MAX_MISSES = 16
_MAX_BYTES = 65536
_MAX_TEXTS = 1024
_UNWRITTEN = 0xA5
_UNWRITTEN_TEXT = "\x1a not written"


class _Numbers:
    """A value over a buffer of ours."""

    __slots__ = ("_dtype", "_shape", "_unwritten", "_view", "value")

    def __init__(self, library: Library, dtype: str, shape: tuple[int, ...]) -> None:
        size = size_of(shape) * DTYPES[dtype][1]
        self._dtype = dtype
        self._shape = shape
        self._view = memoryview(bytearray(size))
        self._unwritten = bytes([_UNWRITTEN]) * size
        self.value, _ = make_value(library, Tensor(dtype, shape, self._view))

    def load(self, tensor: Tensor) -> None:
        data = tensor.data
        self._view[:] = data if type(data) is bytes else tensor.to_bytes()

    def clear(self) -> None:
        self._view[:] = self._unwritten

    def read(self) -> Tensor | None:
        data = self._view.tobytes()
        return None if data == self._unwritten else Tensor(self._dtype, self._shape, data)


class _Texts:
    """A value whose texts ONNX Runtime holds."""

    __slots__ = ("_count", "_library", "_shape", "_unwritten", "value")

    def __init__(self, library: Library, shape: tuple[int, ...]) -> None:
        self._library = library
        self._shape = shape
        self._count = size_of(shape)
        self._unwritten = [_UNWRITTEN_TEXT] * self._count
        self.value, _ = make_value(library, Tensor("string", shape, self._unwritten))

    def load(self, tensor: Tensor) -> None:
        if isinstance(tensor.data, list):
            write_strings(self._library, self.value, tensor.data)

    def clear(self) -> None:
        write_strings(self._library, self.value, self._unwritten)

    def read(self) -> Tensor | None:
        texts = read_strings(self._library, self.value, self._count)
        return None if _UNWRITTEN_TEXT in texts else Tensor("string", self._shape, texts)


class Plan:
    """Values for inputs and outputs of fixed shapes. One run at a time uses it."""

    __slots__ = ("_library", "_results", "_sources", "inputs", "outputs")

    def __init__(self, library: Library, inputs: list[Kind], outputs: list[Kind]) -> None:
        self._library = library
        self.inputs = (ctypes.c_void_p * len(inputs))()
        self.outputs = (ctypes.c_void_p * len(outputs))()
        self._sources = _prepare(library, inputs, self.inputs)
        self._results = _prepare(library, outputs, self.outputs)

    def load(self, tensors: list[Tensor]) -> None:
        """Take the inputs in, and mark the outputs as not written."""
        for source, tensor in zip(self._sources, tensors):
            source.load(tensor)
        for result in self._results:
            result.clear()

    def read(self) -> list[Tensor] | None:
        """The outputs, or None where one was not written: ONNX Runtime put its answer elsewhere.

        It does so where an output is an input or a constant as it stands, since there is nothing to compute.
        """
        answers = []
        for result in self._results:
            answer = result.read()
            if answer is None:
                return None
            answers.append(answer)
        return answers

    def __del__(self) -> None:
        for value in (*self.inputs, *self.outputs):
            if value:
                self._library.release_value(value)


class Plans:
    """The plans for one set of shapes: as many as threads have needed at once."""

    __slots__ = ("_free", "_inputs", "_library", "_misses", "_outputs", "usable")

    def __init__(self, library: Library, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        self._library = library
        self._free: list[Plan] = []
        self._misses = 0
        self._inputs = [(tensor.dtype, tensor.shape) for tensor in inputs]
        self._outputs = [(tensor.dtype, tensor.shape) for tensor in outputs]
        self.usable = all(_is_small(dtype, shape) for dtype, shape in self._inputs + self._outputs)

    def count_miss(self) -> None:
        """A plan did not serve where a plain run did. Once may be chance (an answer that looks unwritten)."""
        self._misses += 1
        self.usable = self._misses < _MAX_MISSES

    def run(self, call: RunCall, session: int, tensors: list[Tensor]) -> list[Tensor] | None:
        """The answers, or None where a plan did not serve: the values are to blame, or the output's shape."""
        try:
            plan = self._free.pop()
        except IndexError:
            plan = Plan(self._library, self._inputs, self._outputs)
        plan.load(tensors)
        status = call(session, plan.inputs, plan.outputs)
        answers = None
        if status:
            self._library.release_status(status)
        else:
            answers = plan.read()
        self._free.append(plan)
        return answers


def _is_small(dtype: str, shape: tuple[int, ...]) -> bool:
    count = size_of(shape)
    return 0 < count <= (_MAX_TEXTS if dtype == "string" else _MAX_BYTES // DTYPES[dtype][1])


def _prepare(
    library: Library, kinds: list[Kind], values: ctypes.Array[ctypes.c_void_p]
) -> list[_Numbers | _Texts]:
    slots: list[_Numbers | _Texts] = []
    for index, (dtype, shape) in enumerate(kinds):
        slot = _Texts(library, shape) if dtype == "string" else _Numbers(library, dtype, shape)
        values[index] = slot.value
        slots.append(slot)
    return slots
