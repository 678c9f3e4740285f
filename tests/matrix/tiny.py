"""The engine tiny beside ONNX Runtime: the same rows of a case through both, and how long one row takes."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from packager.probe import read_cases
from runtimes.core.engines.tiny import Tiny
from runtimes.core.tensors import Tensor
from tests.matrix.case import TinyOutcome
from tests.runtimes.core.engines.tiny.running import array_of, tensor_of

_RUNS, _LONGEST_S = 200, 0.3


def beside_onnxruntime(job: Path) -> TinyOutcome | None:
    """What the workers' folders of a build tell; None where there is no ONNX graph that tiny was tried on."""
    folder = job / "tiny"
    if not folder.is_dir():
        return None
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if not result["ok"]:
        return TinyOutcome(refused=result["error"]["message"])
    source = Path(json.loads((folder / "request.json").read_text(encoding="utf-8"))["source"])
    signature = result["signature"]
    names = [[spec["name"] for spec in signature[side]] for side in ("inputs", "outputs")]
    data = (folder / result["model"]["path"]).read_bytes()
    tiny, session = Tiny(data, *names), _session(source)
    inputs = [case.inputs for case in read_cases(source.parent / "reference.json")]
    outcomes = [_differences(tiny, session, case, names) for case in inputs]
    one = inputs[0]
    given = [tensor_of(one[name]) for name in names[0]]
    return TinyOutcome(
        rows=sum(_rows(case) for case in inputs),
        label_flips=sum(flips for flips, _ in outcomes),
        max_abs_error=max(error for _, error in outcomes),
        bytes=len(data),
        tiny_us=_quickest_us(lambda: tiny.run(given)),
        onnxruntime_us=_quickest_us(lambda: session.run(names[1], one)),
    )


def _session(model: Path) -> Any:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _rows(inputs: dict[str, Any]) -> int:
    first = next(iter(inputs.values()))
    return len(first) if first.ndim else 1


def _differences(
    tiny: Tiny, session: Any, inputs: dict[str, Any], names: list[list[str]]
) -> tuple[int, float]:
    made: list[Tensor] = tiny.run([tensor_of(inputs[name]) for name in names[0]])
    flips, error = 0, 0.0
    for tensor, wanted in zip(made, map(np.asarray, session.run(names[1], inputs)), strict=True):
        found = array_of(tensor)
        assert (found.shape, tensor.dtype) == (wanted.shape, _dtype_of(wanted))
        if wanted.dtype.kind == "f":
            error = max(error, *_sizes(found.astype(np.float64), wanted.astype(np.float64)))
        else:
            flips += int((found != wanted).sum())
    return flips, error


def _sizes(found: Any, wanted: Any) -> Iterator[float]:
    """Of each difference its size; infinite where one alone is no number, or one alone is infinite."""
    with np.errstate(invalid="ignore"):
        sizes = np.where(
            (found == wanted) | (np.isnan(found) & np.isnan(wanted)), 0.0, np.abs(found - wanted)
        )
    yield 0.0
    yield from np.where(np.isnan(sizes), np.inf, sizes).reshape(-1).tolist()


def _dtype_of(array: Any) -> str:
    return "string" if array.dtype.kind in "OSU" else array.dtype.name


def _quickest_us(run: Callable[[], object]) -> float:
    """Of many runs the quickest: the machine has other work, too."""
    quickest, began = float("inf"), time.perf_counter()
    for _ in range(_RUNS):
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        quickest = min(quickest, now - start)
        if now - began > _LONGEST_S:
            break
    return quickest * 1e6
