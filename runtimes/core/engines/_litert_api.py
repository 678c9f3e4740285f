"""LiteRT's C API, reached with ctypes: the library, loaded once a process, and its environment."""

from __future__ import annotations

import ctypes
import os
from _thread import allocate_lock

from runtimes.core.errors import ModelError

MAX_RANK = 8
CPU = 1
UNSUPPORTED = 5
# What each call is named here: its name in the library, the number of its arguments.
_STATUS_CALLS = {
    "create_environment": ("LiteRtCreateEnvironment", 3),
    "create_model": ("LiteRtCreateModelFromBuffer", 4),
    "create_options": ("LiteRtCreateOptions", 1),
    "set_accelerators": ("LiteRtSetOptionsHardwareAccelerators", 2),
    "create_settings": ("LiteRtCreateOpaqueOptions", 4),
    "add_settings": ("LiteRtAddOpaqueOptions", 2),
    "compile": ("LiteRtCreateCompiledModel", 4),
    "error_messages": ("LiteRtCompiledModelGetErrorMessages", 2),
    "signature_count": ("LiteRtGetNumModelSignatures", 2),
    "signature": ("LiteRtGetModelSignature", 3),
    "signature_key": ("LiteRtGetSignatureKey", 2),
    "signature_graph": ("LiteRtGetSignatureSubgraph", 2),
    "signature_input_count": ("LiteRtGetNumSignatureInputs", 2),
    "signature_output_count": ("LiteRtGetNumSignatureOutputs", 2),
    "signature_input_name": ("LiteRtGetSignatureInputName", 3),
    "signature_output_name": ("LiteRtGetSignatureOutputName", 3),
    "signature_input": ("LiteRtGetSignatureInputTensorByIndex", 3),
    "signature_output": ("LiteRtGetSignatureOutputTensorByIndex", 3),
    "graph_count": ("LiteRtGetNumModelSubgraphs", 2),
    "graph": ("LiteRtGetModelSubgraph", 3),
    "input_count": ("LiteRtGetNumSubgraphInputs", 2),
    "output_count": ("LiteRtGetNumSubgraphOutputs", 2),
    "input": ("LiteRtGetSubgraphInput", 3),
    "output": ("LiteRtGetSubgraphOutput", 3),
    "operator_count": ("LiteRtGetNumSubgraphOps", 2),
    "operator": ("LiteRtGetSubgraphOp", 3),
    "operator_code": ("LiteRtGetOpCode", 2),
    "tensor_type": ("LiteRtGetRankedTensorType", 2),
    "tensor_index": ("LiteRtGetTensorIndex", 2),
    "resize_input": ("LiteRtCompiledModelResizeInputTensor", 5),
    "input_layout": ("LiteRtGetCompiledModelInputTensorLayout", 4),
    "output_layouts": ("LiteRtGetCompiledModelOutputTensorLayouts", 5),
    "create_buffer": ("LiteRtCreateManagedTensorBuffer", 5),
    "buffer_memory": ("LiteRtGetTensorBufferHostMemory", 2),
    "run": ("LiteRtRunCompiledModel", 6),
}
_RELEASES = {
    "release_model": "LiteRtDestroyModel",
    "release_options": "LiteRtDestroyOptions",
    "release_compiled": "LiteRtDestroyCompiledModel",
    "release_buffer": "LiteRtDestroyTensorBuffer",
}
# The library gives numbers, and keeps the words for its own log.
_MEANINGS = {
    1: "invalid argument",
    2: "no memory",
    3: "it failed while it ran",
    UNSUPPORTED: "unsupported",
    6: "not found",
    8: "wrong version",
    500: "the file cannot be read",
    501: "the file is no valid TFLite model",
    504: "it cannot be prepared",
    1000: "index out of bounds",
}
_NO_MEMORY = 2
_SEVERITY_TAG, _ACCELERATORS_TAG = 25, 24
_SILENT = 4
_INTEGER = 2

_loaded: dict[str, Library] = {}


class Layout(ctypes.Structure):
    """A shape as the library holds it; ``head`` is the rank in its low seven bits."""

    _fields_ = [
        ("head", ctypes.c_uint32),
        ("dims", ctypes.c_int32 * MAX_RANK),
        ("strides", ctypes.c_uint32 * MAX_RANK),
    ]

    def shape(self) -> tuple[int, ...]:
        return tuple(self.dims[: self.head & 0x7F])


class TensorType(ctypes.Structure):
    """An element type and a shape."""

    _fields_ = [("element", ctypes.c_int32), ("layout", Layout)]


class _EnvironmentOption(ctypes.Structure):
    _fields_ = [("tag", ctypes.c_int64), ("type", ctypes.c_int64), ("value", ctypes.c_int64)]


class _Silence:
    """While it is entered, what C code prints to its stderr is lost; Python's own stderr is not touched.

    The library says on stderr that it uses its fast kernels, and has no setting for that.
    """

    def __init__(self) -> None:
        process = ctypes.CDLL(None)
        process.fopen.restype = ctypes.c_void_p
        self._lock = allocate_lock()
        self._nowhere: int | None = process.fopen(b"/dev/null", b"w")
        self._stderr = ctypes.c_void_p.in_dll(process, "stderr")

    def __enter__(self) -> None:
        self._lock.acquire()
        self._kept = self._stderr.value
        if self._nowhere:
            self._stderr.value = self._nowhere

    def __exit__(self, *exception: object) -> None:
        self._stderr.value = self._kept
        self._lock.release()


class Library:
    """One loaded library: its calls and its environment, which live as long as the process.

    Every argument is passed as wide as a pointer, which is right for pointers, sizes and enumerations on all
    the machines that the library is published for. A call returns a status, 0 for success.
    """

    def __init__(self, path: str) -> None:
        if not os.path.isfile(path):
            raise ModelError(f"the engine's library {path} does not exist")
        try:
            loaded = ctypes.CDLL(path)
            for name, (symbol, count) in _STATUS_CALLS.items():
                prototype = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * count)
                setattr(self, name, prototype((symbol, loaded)))
            for name, symbol in _RELEASES.items():
                setattr(self, name, ctypes.CFUNCTYPE(None, ctypes.c_void_p)((symbol, loaded)))
        except (OSError, AttributeError) as error:
            raise ModelError(f"the engine's library cannot be loaded: {error}") from None
        self.path = path
        self.silence = _Silence()
        self._process = ctypes.CDLL(None)
        self._process.strdup.restype = ctypes.c_void_p
        self._free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(("free", self._process))
        self.environment = self._make_environment()

    def __getattr__(self, name: str) -> ctypes._FuncPointer:
        raise AttributeError(f"the LiteRT library has no call {name!r} here")

    def made(self, doing: str, call: ctypes._FuncPointer, *arguments: object) -> int:
        """Make a call whose last argument is where it leaves a pointer or a number; return that."""
        out = ctypes.c_void_p()
        self.check(doing, call(*arguments, ctypes.byref(out)))
        return out.value or 0

    def check(self, doing: str, status: int) -> None:
        """Raise what a status says."""
        if status:
            raise self.failure(doing, status)

    def failure(self, doing: str, status: int, compiled: int = 0, about_input: bool = False) -> ModelError:
        """The error that a status describes, with what the compiled model noted on the way."""
        meaning = _MEANINGS.get(status, f"status {status}")
        words = self._messages(compiled) if compiled else ""
        text = f"LiteRT cannot {doing}: {meaning}" + (f" ({words})" if words else "")
        return ModelError(text, about_input=about_input and status != _NO_MEMORY)

    def text(self, doing: str, call: ctypes._FuncPointer, *arguments: object) -> str:
        """Make a call that leaves a text which the library keeps."""
        address = self.made(doing, call, *arguments)
        return ctypes.string_at(address).decode("utf-8", "replace") if address else ""

    def settings(self, options: int, identifier: bytes, text: bytes) -> None:
        """Add settings to options. The library frees its copy of the text by itself."""
        copy = self._process.strdup(text)
        made = self.made("be configured", self.create_settings, identifier, copy, self._free)
        self.check("be configured", self.add_settings(options, made))

    def _messages(self, compiled: int) -> str:
        out = ctypes.c_void_p()
        if self.error_messages(compiled, ctypes.byref(out)) or not out.value:
            return ""
        text = ctypes.string_at(out.value).decode("utf-8", "replace")
        self._free(out.value)
        return " ".join(text.split())[:400]

    def _make_environment(self) -> int:
        """Silent, since errors come back as a status, and without a search for other accelerators."""
        options = (_EnvironmentOption * 2)()
        for option, tag, value in zip(options, (_SEVERITY_TAG, _ACCELERATORS_TAG), (_SILENT, CPU)):
            option.tag, option.type, option.value = tag, _INTEGER, value
        return self.made("start", self.create_environment, len(options), options)


def load(path: str) -> Library:
    """The library at ``path``; the same object for the same file."""
    path = os.path.realpath(path)
    if path not in _loaded:
        _loaded[path] = Library(path)
    return _loaded[path]
