"""ONNX Runtime's C API as a table of functions, reached with ctypes: the library, loaded once a process.

The library exports one symbol, ``OrtGetApiBase``; from it comes an array of function pointers that only ever
grows at its end, so that an index holds for every later version. Version 16 of the table is asked for: all
that is used here is in it, and every library since 1.16 serves it.
"""

from __future__ import annotations

import ctypes
import os

from runtimes.core.errors import ModelError

API_VERSION = 16

# Name: (index in the table, number of arguments).
_STATUS_CALLS = {
    "create_env": (3, 3),
    "create_session": (7, 4),
    "run": (9, 8),
    "create_session_options": (10, 1),
    "set_log_severity": (22, 2),
    "set_optimization_level": (23, 2),
    "set_intra_op_threads": (24, 2),
    "set_inter_op_threads": (25, 2),
    "session_input_count": (30, 2),
    "session_output_count": (31, 2),
    "session_input_type": (33, 3),
    "session_output_type": (34, 3),
    "session_input_name": (36, 4),
    "session_output_name": (37, 4),
    "create_tensor": (48, 5),
    "create_tensor_with_data": (49, 7),
    "tensor_data": (51, 2),
    "fill_strings": (52, 3),
    "strings_length": (53, 2),
    "strings_content": (54, 5),
    "cast_to_tensor_info": (55, 2),
    "onnx_type": (56, 2),
    "element_type": (60, 2),
    "dimension_count": (61, 2),
    "dimensions": (62, 3),
    "symbolic_dimensions": (63, 3),
    "tensor_info": (65, 2),
    "create_cpu_memory_info": (69, 3),
    "allocator_free": (76, 2),
    "default_allocator": (78, 1),
    "add_session_config": (130, 3),
    "resized_string_buffer": (252, 4),
}
_RELEASES = {
    "release_status": 93,
    "release_session": 95,
    "release_value": 96,
    "release_type_info": 98,
    "release_tensor_info": 99,
    "release_session_options": 100,
}
_TABLE_LENGTH = 253
_LOG_ERRORS = 3
_INVALID_ARGUMENT, _FAIL, _RUNTIME_EXCEPTION = 2, 1, 6

_loaded: dict[str, Library] = {}


class Library:
    """One loaded library: its calls, its environment, its allocator and its description of plain memory.

    Every argument is passed as wide as a pointer, which is right for pointers, sizes and enumerations on all
    the machines that the library is published for. A call returns ``None``, or a status for ``check``.
    """

    # Every call of the table above becomes an attribute; only the ones of the hot path are declared.
    def __init__(self, path: str) -> None:
        table = self._open(path)
        self.path = path
        self._message = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)(table[2])
        self._code = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(table[1])
        for name, index in _RELEASES.items():
            setattr(self, name, ctypes.CFUNCTYPE(None, ctypes.c_void_p)(table[index]))
        for name, (index, count) in _STATUS_CALLS.items():
            setattr(self, name, ctypes.CFUNCTYPE(ctypes.c_void_p, *[ctypes.c_void_p] * count)(table[index]))
        # These three live as long as the process: the library keeps one environment for all of it.
        self.env = self.made(self.create_env, _LOG_ERRORS, b"packager")
        self.allocator = self.made(self.default_allocator)
        self.memory_info = self.made(self.create_cpu_memory_info, 0, 0)

    def __getattr__(self, name: str) -> ctypes._FuncPointer:
        raise AttributeError(f"the ONNX Runtime table has no call {name!r} here")

    def made(self, call: ctypes._FuncPointer, *arguments: object) -> int:
        """Make a call whose last argument is where it leaves a pointer or a number; return that."""
        out = ctypes.c_void_p()
        status = call(*arguments, ctypes.byref(out))
        if status:
            raise self.failure(status)
        return out.value or 0

    def check(self, status: int | None) -> None:
        """Raise what a status says, after releasing it."""
        if status:
            raise self.failure(status)

    def failure(self, status: int, doing: str = "") -> ModelError:
        """The error that a status describes, in ONNX Runtime's words. The status is released."""
        code = self._code(status)
        text = (self._message(status) or b"").decode("utf-8", "replace").strip()
        self.release_status(status)
        out_of_memory = "alloc" in text.lower()
        about_input = code in (_INVALID_ARGUMENT, _FAIL, _RUNTIME_EXCEPTION) and not out_of_memory
        return ModelError(f"ONNX Runtime{doing}: {text}", about_input=about_input)

    def release_string(self, address: int) -> None:
        """Give back a string that the library allocated."""
        self.check(self.allocator_free(self.allocator, address))

    def _open(self, path: str) -> list[int]:
        if not os.path.isfile(path):
            raise ModelError(f"the engine's library {path} does not exist")
        # Since 1.29 the library reports models and machines to its makers, keeps files in the user's home and
        # starts a thread for that, unless this is set before it is loaded.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        try:
            base_call = ctypes.CDLL(path).OrtGetApiBase
        except (OSError, AttributeError) as error:
            raise ModelError(f"the engine's library cannot be loaded: {error}") from None
        base_call.restype = ctypes.POINTER(ctypes.c_void_p)
        base = base_call()
        self.version = (ctypes.CFUNCTYPE(ctypes.c_char_p)(base[1])() or b"").decode()
        address = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(base[0])(API_VERSION)
        if not address:
            raise ModelError(f"ONNX Runtime {self.version} in {path} is too old; 1.16 or newer is needed")
        return [call or 0 for call in (ctypes.c_void_p * _TABLE_LENGTH).from_address(address)]


def load(path: str) -> Library:
    """The library at ``path``; the same object for the same file."""
    path = os.path.realpath(path)
    if path not in _loaded:
        _loaded[path] = Library(path)
    return _loaded[path]
