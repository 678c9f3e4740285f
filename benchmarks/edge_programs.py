"""What is measured at the edge, as programs: from first import to first answer, ours and the usual way.

Each measures itself, and prints one line. The time that it waited for a processor is told apart.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

ROOM = "/bundle"
"""Where the bundle, or the packages and the model of the usual way, lie on the device."""
_MARK = "@measured"
_HEAD = """\
import time
def waited():
    try:
        return int(open("/proc/self/schedstat").read().split()[1])
    except OSError:
        return 0
answer, waited_ns, began_ns = [], waited(), time.perf_counter_ns()
"""
_TAIL = f"""
took_ns, waited_ns = time.perf_counter_ns() - began_ns, waited() - waited_ns
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("{_MARK}", [took_ns, waited_ns, peak, answer])
"""
_OURS = f"""
import sys
sys.path.insert(0, "{ROOM}")
from edge import Model
answer = Model.open("{ROOM}").predict([ROW])["probabilities"][0]
"""
_ONNXRUNTIME = f"""
import sys
sys.path.insert(0, "{ROOM}")
import numpy
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("{ROOM}/model.onnx", options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
answer = session.run(["probabilities"], {{name: numpy.array([ROW], dtype=numpy.DTYPE)}})[0][0].tolist()
"""
_LITERT = f"""
import sys
sys.path.insert(0, "{ROOM}")
import numpy
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path="{ROOM}/model.tflite", num_threads=1)
run = interpreter.get_signature_runner()
answer = run(X=numpy.array([ROW], dtype=numpy.DTYPE))["probabilities"][0].tolist()
"""
_OF = {"bare": "", "ours": _OURS, "onnxruntime": _ONNXRUNTIME, "litert": _LITERT}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: to the first answer without waits, the most memory that was resident, and the answer."""

    total_ms: float
    peak_bytes: int
    answer: tuple[float, ...]


def program(kind: str, row: Sequence[float], dtype: str) -> str:
    """The program of a kind: ``bare`` (Python alone), ``ours``, or an engine's own package."""
    return _HEAD + _OF[kind].replace("ROW", repr(list(row))).replace("DTYPE", dtype) + _TAIL


def read(output: str) -> Measured:
    """What a program has printed; its output is the error where it has not."""
    line = next((line for line in output.splitlines() if line.startswith(_MARK)), None)
    if line is None:
        raise RuntimeError(f"the program did not come to its answer:\n{output}")
    took_ns, waited_ns, peak_kib, answer = json.loads(line.removeprefix(_MARK))
    return Measured((took_ns - waited_ns) / 1e6, peak_kib * 1024, tuple(answer))
