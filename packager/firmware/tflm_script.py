"""Run by an environment that has tflite-micro: JOB. It imports nothing of packager.

JOB/request.json names what TFLite Micro registers, JOB/rows.npz holds each row's inputs as `ROW.NAME`;
JOB/result.json says the model's operators and the smallest arena, JOB/answers.npz holds `ROW.NAME` of the
outputs. Too small an arena ends the process, so each size is tried in a fork of its own.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tflite_micro import runtime  # type: ignore[import-not-found]
from tflite_micro.tensorflow.lite.micro.python import (  # type: ignore[import-not-found]
    schema_py_generated as schema,
)

GRAIN_BYTES = 16
"""An arena begins at a multiple of it, and a smaller difference is none."""
LEAST_BYTES, MOST_BYTES = 1 << 10, 1 << 28
Row = dict[str, Any]


def main(job: Path) -> None:
    """Answer the request; `result.json` is written last."""
    request = json.loads((job / "request.json").read_text())
    content = (job / "model.tflite").read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    operators = _operators(model)
    result: dict[str, Any] = {"operators": sorted(operators)}
    result["missing"] = sorted(operators - set(request["registered"]))
    result["keeps_variables"] = runtime.count_resource_variables(model) > 0
    if not result["missing"] and not result["keeps_variables"]:
        result.update(_run(content, model, job))
    (job / "result.tmp").write_text(json.dumps(result))
    (job / "result.tmp").rename(job / "result.json")


def _operators(model: Any) -> set[str]:
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return {_operator(model.operatorCodes[op.opcodeIndex], names) for op in _all_of(model)}


def _all_of(model: Any) -> list[Any]:
    return [op for graph in model.subgraphs for op in graph.operators or ()]


def _operator(code: Any, names: dict[int, str]) -> str:
    """Its name; a custom one's own."""
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    if builtin == schema.BuiltinOperator.CUSTOM:
        return f"CUSTOM {(code.customCode or b'').decode(errors='replace')}"
    return names.get(builtin, f"number {builtin}")


def _run(content: bytes, model: Any, job: Path) -> dict[str, Any]:
    takes, gives = _ports(model)
    rows = _rows(job)
    first = rows[0]

    def works(size: int) -> bool:
        return _in_fork(lambda: _answer(_interpreter(content, size), first, takes, gives))

    if not works(MOST_BYTES):
        return {"refused": True}
    size = _smallest(works)
    interpreter = _interpreter(content, size)
    answers = [_answer(interpreter, row, takes, gives) for row in rows]
    np.savez(
        job / "answers.npz",
        **{f"{at}.{name}": a for at, one in enumerate(answers) for name, a in one.items()},
    )
    return {
        "refused": False,
        "arena_bytes": size,
        "quantized": [name for name, place in gives.items() if _is_code(model.subgraphs[0], place)],
        "inputs": sorted(takes, key=takes.__getitem__),
        "outputs": sorted(gives, key=gives.__getitem__),
    }


def _ports(model: Any) -> tuple[dict[str, int], dict[str, int]]:
    """The places of the inputs and outputs of the first graph, by the names of its signature or their own."""
    graph = model.subgraphs[0]
    own = [(t.name or b"").decode(errors="replace") for t in graph.tensors]
    named = [one for one in model.signatureDefs or () if one.subgraphIndex == 0]
    chosen = next(
        (one for one in named if one.signatureKey == b"serving_default"), named[0] if named else None
    )
    if chosen is None:
        ports = ([(own[at], at) for at in graph.inputs], [(own[at], at) for at in graph.outputs])
    else:
        ports = (
            [(one.name.decode(), one.tensorIndex) for one in chosen.inputs],
            [(one.name.decode(), one.tensorIndex) for one in chosen.outputs],
        )
    takes, gives = list(graph.inputs), list(graph.outputs)
    return (
        {name: takes.index(at) for name, at in ports[0]},
        {name: gives.index(at) for name, at in ports[1]},
    )


def _is_code(graph: Any, place: int) -> bool:
    """Whether an output's whole numbers stand for fractions."""
    tensor = graph.tensors[graph.outputs[place]]
    is_float = tensor.type in (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
    known = tensor.quantization
    return not is_float and known is not None and known.scale is not None and len(known.scale) > 0


def _rows(job: Path) -> list[Row]:
    rows: dict[int, Row] = {}
    with np.load(job / "rows.npz") as stored:
        for key in stored.files:
            at, _, name = key.partition(".")
            rows.setdefault(int(at), {})[name] = stored[key]
    return [rows[at] for at in sorted(rows)]


def _interpreter(content: bytes, size: int) -> Any:
    return runtime.Interpreter.from_bytes(content, arena_size=size)


def _answer(interpreter: Any, row: Row, takes: dict[str, int], gives: dict[str, int]) -> Row:
    interpreter.reset()  # a recurrent model begins each run with its first state
    for name, place in takes.items():
        interpreter.set_input(row[name], place)
    interpreter.invoke()
    return {name: np.array(interpreter.get_output(place)) for name, place in gives.items()}


def _in_fork(task: Callable[[], object]) -> bool:
    """Whether the task ends well."""
    pid = os.fork()
    if pid == 0:
        try:
            task()
            os._exit(0)
        except Exception as error:  # noqa: BLE001 - what it is, the reader of the log judges
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _smallest(works: Callable[[int], bool]) -> int:
    """The smallest size that works, found by halving: what works once works with more."""
    least, most = 0, LEAST_BYTES
    while not works(most):
        least, most = most, most * 2
    while most - least > GRAIN_BYTES:
        middle = (least + most) // 2 // GRAIN_BYTES * GRAIN_BYTES
        if works(middle):
            most = middle
        else:
            least = middle
    return most


if __name__ == "__main__":
    main(Path(sys.argv[1]))
