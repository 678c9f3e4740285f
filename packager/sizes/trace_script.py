"""Run in place of the runtime interface client: HANDLER. It is the client, and notes each file it opens.

The names go to the descriptor in TRACE_DESCRIPTOR, one on a line, each at once: the process will be killed.
"""

import os
import runpy
import sys

_PLACES = {"open": 0, "import": 1, "ctypes.dlopen": 0}
_sink = int(os.environ.pop("TRACE_DESCRIPTOR"))


def _note(event: str, arguments: "tuple[object, ...]") -> None:
    if event in _PLACES and len(arguments) > _PLACES[event]:
        name = arguments[_PLACES[event]]
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        if isinstance(name, str):
            os.write(_sink, f"{name}\n".encode("utf-8", "surrogateescape"))


sys.addaudithook(_note)
sys.argv[0] = "awslambdaric"
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
