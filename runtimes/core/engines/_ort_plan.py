"""A prepared run for one set of shapes: values over buffers that are used again and again.

Making and releasing values costs several times what a small model does. For the shapes that come most, the
single row above all, inputs are copied into buffers that ONNX Runtime already knows, and it writes its
outputs into others.
"""

from __future__ import annotations

import ctypes

from runtimes.core.engines._ort_api import Library
from runtimes.core.engines._ort_values import make_value
from runtimes.core.tensors import DTYPES, Tensor, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    RunCall = Callable[[int, object, object], "int | None"]

MAX_BYTES = 65536
MAX_PLANS = 8
_UNWRITTEN = 0xA5


class Plan:
    """Buffers and values for inputs and outputs of fixed shapes. One run at a time uses it."""

    __slots__ = ("_library", "_results", "_sources", "inputs", "outputs")

    def __init__(
        self,
        library: Library,
        inputs: list[tuple[str, tuple[int, ...]]],
        outputs: list[tuple[str, tuple[int, ...]]],
    ) -> None:
        self._library = library
        self.inputs = (ctypes.c_void_p * len(inputs))()
        self.outputs = (ctypes.c_void_p * len(outputs))()
        self._sources: list[memoryview] = []
        self._results: list[tuple[str, tuple[int, ...], memoryview, bytes]] = []
        for index, (dtype, shape) in enumerate(inputs):
            self.inputs[index], view = _prepare(library, dtype, shape)
            self._sources.append(view)
        for index, (dtype, shape) in enumerate(outputs):
            self.outputs[index], view = _prepare(library, dtype, shape)
            self._results.append((dtype, shape, view, bytes([_UNWRITTEN]) * view.nbytes))

    def load(self, tensors: list[Tensor]) -> None:
        """Take the inputs in, and mark the outputs as not written."""
        for view, tensor in zip(self._sources, tensors):
            data = tensor.data
            view[:] = data if type(data) is bytes else tensor.to_bytes()
        for _, _, view, unwritten in self._results:
            view[:] = unwritten

    def read(self) -> list[Tensor] | None:
        """The outputs, or None where one was not written: ONNX Runtime put its answer elsewhere.

        It does so where an output is an input or a constant as it stands, since there is nothing to compute.
        """
        answers = []
        for dtype, shape, view, unwritten in self._results:
            data = view.tobytes()
            if data == unwritten:
                return None
            answers.append(Tensor(dtype, shape, data))
        return answers

    def __del__(self) -> None:
        for value in (*self.inputs, *self.outputs):
            if value:
                self._library.release_value(value)


class Plans:
    """The plans for one set of shapes: as many as threads have needed at once."""

    __slots__ = ("_free", "_inputs", "_library", "_outputs", "usable")

    def __init__(self, library: Library, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        self._library = library
        self._free: list[Plan] = []
        self._inputs = [(tensor.dtype, tensor.shape) for tensor in inputs]
        self._outputs = [(tensor.dtype, tensor.shape) for tensor in outputs]
        sizes = [_size(dtype, shape) for dtype, shape in self._inputs + self._outputs]
        self.usable = all(0 < size <= MAX_BYTES for size in sizes)  # strings have the size 0

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


def _size(dtype: str, shape: tuple[int, ...]) -> int:
    return size_of(shape) * DTYPES[dtype][1]


def _prepare(library: Library, dtype: str, shape: tuple[int, ...]) -> tuple[int, memoryview]:
    view = memoryview(bytearray(_size(dtype, shape)))
    value, _ = make_value(library, Tensor(dtype, shape, view))
    return value, view
