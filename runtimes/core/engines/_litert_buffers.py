"""A run's buffers for one set of shapes: memory of LiteRT's own, used again while the shapes stay."""

from __future__ import annotations

import ctypes

from runtimes.core.engines._litert_api import Layout, Library, TensorType
from runtimes.core.engines._litert_model import LITERT_DTYPES, Compiled, Model
from runtimes.core.errors import ModelError
from runtimes.core.tensors import DTYPES, Tensor, size_of

SIZES_UNKNOWN = "LiteRT cannot run the model: it finds the sizes of its answers while it runs"
_HOST_MEMORY = 1


class _Buffer:
    """Memory that the model reads or writes, as large as one tensor."""

    __slots__ = ("_library", "dtype", "handle", "place", "shape", "size")

    def __init__(self, library: Library, dtype: str, shape: tuple[int, ...]) -> None:
        self._library = library
        self.dtype = dtype
        self.shape = shape
        self.size = size_of(shape) * DTYPES[dtype][1]
        self.handle = 0
        kind = TensorType(LITERT_DTYPES[dtype])
        kind.layout.head = len(shape)
        kind.layout.dims[: len(shape)] = shape
        made = library.create_buffer
        self.handle = library.made(
            "hold a tensor", made, library.environment, _HOST_MEMORY, ctypes.byref(kind), self.size
        )
        self.place = library.made("hold a tensor", library.buffer_memory, self.handle)

    def load(self, tensor: Tensor) -> None:
        data = tensor.to_bytes()
        if len(data) != self.size:
            message = f"{self.dtype} of shape {list(self.shape)} takes {self.size} bytes, not {len(data)}"
            raise ModelError(message, about_input=True)
        ctypes.memmove(self.place, data, self.size)

    def fill(self, mark: int) -> None:
        ctypes.memset(self.place, mark, self.size)

    def holds(self, mark: int) -> bool:
        return self.size > 0 and ctypes.string_at(self.place, self.size) == bytes([mark]) * self.size

    def read(self) -> Tensor:
        return Tensor(self.dtype, self.shape, ctypes.string_at(self.place, self.size))

    def __del__(self) -> None:
        handle, self.handle = self.handle, 0
        if handle:
            self._library.release_buffer(handle)


class Buffers:
    """All buffers of a run, in the graph's order. Making them gives the model's inputs these shapes.

    The library writes as much as an answer has, whatever memory it was given. So nothing is run unless what
    it knows of the answers' shapes before the run is what the manifest promises (``expected``).
    """

    __slots__ = (
        "_compiled",
        "_inputs",
        "_library",
        "_model",
        "_outputs",
        "_proven",
        "_sinks",
        "_sources",
        "shapes",
    )

    def __init__(
        self,
        library: Library,
        model: Model,
        compiled: Compiled,
        shapes: tuple[tuple[int, ...], ...],
        expected: list[tuple[int, ...]],
    ) -> None:
        self._library = library
        self._model = model
        self._compiled = compiled
        self.shapes = shapes
        self._resize()
        if self._output_shapes() != expected:
            raise ModelError(SIZES_UNKNOWN)
        self._inputs = [_Buffer(library, kind.dtype, shape) for kind, shape in zip(model.inputs, shapes)]
        # A tensor has one memory, even where it is taken and given back, or given twice.
        known = dict(zip(model.input_tensors, self._inputs))
        for kind, tensor, shape in zip(model.outputs, model.output_tensors, expected):
            if tensor not in known:
                known[tensor] = _Buffer(library, kind.dtype, shape)
        self._outputs = [known[tensor] for tensor in model.output_tensors]
        self._sources = _handles(self._inputs)
        self._sinks = _handles(self._outputs)
        self._proven = False

    def run(self, tensors: list[Tensor], mark: int) -> list[Tensor] | None:
        """Execute the model once: tensors and answers in the graph's order; None where one was not written.

        A tensor whose size the model finds while it runs leaves the memory that it was given, without a word.
        The first run shows it: ``mark`` is what every byte of the answers is before.
        """
        for buffer, tensor in zip(self._inputs, tensors):
            buffer.load(tensor)
        written = [] if self._proven else [buffer for buffer in self._outputs if buffer not in self._inputs]
        for buffer in written:
            buffer.fill(mark)
        status = self._library.run(
            self._compiled.address,
            self._model.signature,
            len(self._inputs),
            self._sources,
            len(self._outputs),
            self._sinks,
        )
        self._check("run the model", status)
        if any(buffer.holds(mark) for buffer in written):
            return None
        self._proven = True
        return [buffer.read() for buffer in self._outputs]

    def _resize(self) -> None:
        for place, shape in enumerate(self.shapes):
            if self._compiled.input_shape(place) != shape:
                dims = (ctypes.c_int32 * len(shape))(*shape)
                status = self._library.resize_input(
                    self._compiled.address, self._model.signature, place, dims, len(shape)
                )
                self._check(f"take an input of the shape {list(shape)}", status)

    def _output_shapes(self) -> list[tuple[int, ...]]:
        count = len(self._model.outputs)
        layouts = (Layout * count)()
        status = self._library.output_layouts(
            self._compiled.address, self._model.signature, count, layouts, True
        )
        self._check(f"prepare for inputs of the shapes {[list(shape) for shape in self.shapes]}", status)
        return [layout.shape() for layout in layouts]

    def _check(self, doing: str, status: int) -> None:
        if status:
            raise self._library.failure(doing, status, self._compiled.address, about_input=True)


def _handles(buffers: list[_Buffer]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(buffers))(*[buffer.handle for buffer in buffers])
