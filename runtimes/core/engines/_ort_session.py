"""An ONNX Runtime session: created from a path, described, released when the last run let go of it."""

from __future__ import annotations

import ctypes
import os

from runtimes.core.engines._ort_api import Library
from runtimes.core.engines._ort_values import DTYPE_OF_ORT
from runtimes.core.engines.graph import GraphTensor

LEVELS = {"off": 0, "basic": 1, "extended": 2, "all": 99}
# Errors come back as a status, with all that a log line would say; the line would also hold users' values.
_LOG_FATAL = 4
_TENSOR = 1
_KINDS = {0: "unknown", 2: "sequence", 3: "map", 4: "opaque", 5: "sparse tensor", 6: "optional"}


class Session:
    """Owns the native session. Runs hold a reference to it: closing never frees one that is in use."""

    __slots__ = ("_release", "address", "inputs", "library", "outputs")

    def __init__(self, library: Library, path: str, threads: int, level: str) -> None:
        self.library = library
        self._release = library.release_session
        self.address = 0
        options = library.made(library.create_session_options)
        try:
            _configure(library, options, threads, LEVELS[level])
            self.address = library.made(library.create_session, library.env, os.fsencode(path), options)
        finally:
            library.release_session_options(options)
        self.inputs = _describe(library, self.address, "input")
        self.outputs = _describe(library, self.address, "output")

    def __del__(self) -> None:
        address, self.address = self.address, 0
        if address:
            self._release(address)


def _configure(library: Library, options: int, threads: int, level: int) -> None:
    library.check(library.set_intra_op_threads(options, threads))
    library.check(library.set_inter_op_threads(options, 1))
    library.check(library.set_optimization_level(options, level))
    library.check(library.set_log_severity(options, _LOG_FATAL))
    if threads > 1:  # a thread that spins takes the processor from the others, and costs between requests
        library.check(library.add_session_config(options, b"session.intra_op.allow_spinning", b"0"))


def _describe(library: Library, session: int, which: str) -> tuple[GraphTensor, ...]:
    count = library.made(getattr(library, f"session_{which}_count"), session)
    name_of = getattr(library, f"session_{which}_name")
    type_of = getattr(library, f"session_{which}_type")
    tensors = []
    for index in range(count):
        address = library.made(name_of, session, index, library.allocator)
        name = ctypes.string_at(address).decode("utf-8", "replace")
        library.release_string(address)
        tensors.append(_describe_one(library, name, library.made(type_of, session, index)))
    return tuple(tensors)


def _describe_one(library: Library, name: str, type_info: int) -> GraphTensor:
    try:
        kind = library.made(library.onnx_type, type_info)
        if kind != _TENSOR:
            return GraphTensor(name, _KINDS.get(kind, "unknown"), (), tensor=False)
        info = library.made(library.cast_to_tensor_info, type_info)  # a view of type_info, not released
        number = library.made(library.element_type, info)
        rank = library.made(library.dimension_count, info)
        dims = (ctypes.c_int64 * rank)()
        names = (ctypes.c_char_p * rank)()
        library.check(library.dimensions(info, dims, rank))
        library.check(library.symbolic_dimensions(info, names, rank))
        shape = tuple(
            dim if dim >= 0 else (text or b"").decode("utf-8", "replace") for dim, text in zip(dims, names)
        )
        dtype = DTYPE_OF_ORT.get(number)
        return GraphTensor(name, dtype or f"type {number}", shape, tensor=dtype is not None)
    finally:
        library.release_type_info(type_info)
