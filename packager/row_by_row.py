"""Answers to one row at a time, of models whose answer to a row hangs on the rows beside it.

Dynamic int8 takes one range for all that a run is given: a row beside a far larger one loses its digits. Most
requests bring one row, and by those a model is judged.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from packager import dependencies, probe
from packager.model import ModelFile
from packager.probe import Answers, Array, Case

Ask = Callable[[Path], Answers]
_RANGE_OF_ALL = frozenset(
    {"DynamicQuantizeLinear", "com.microsoft.DynamicQuantizeLSTM", "com.microsoft.DynamicQuantizeMatMul"}
)
_BATCH = "batch"


def asked(model: ModelFile, cases: Path, ask: Ask) -> Answers:
    """What ``ask`` says to the cases, of a model that mixes rows to one row after the other."""
    if not mixes_rows(model):
        return ask(cases)
    whole = probe.read_cases(cases)
    rows = [_rows(case) for case in whole]
    with tempfile.TemporaryDirectory(prefix="packager-rows-") as folder:
        path = Path(folder) / "cases.json"
        probe.write_cases(path, [row for case in rows for row in case])
        answers = ask(path)
    ends = np.cumsum([len(case) for case in rows]).tolist()
    places = [slice(end - len(case), end) for case, end in zip(rows, ends, strict=True)]
    return replace(
        answers,
        outputs=tuple(_joined(answers.outputs[place]) for place in places),
        run_ms=tuple(sum(answers.run_ms[place]) for place in places),
    )


def mixes_rows(model: ModelFile) -> bool:
    """Whether the same row is answered otherwise beside others, and rows can be put to it alone."""
    specs = (*model.signature.inputs, *model.signature.outputs)
    if model.format != "onnx" or not all(spec.shape[:1] == (_BATCH,) for spec in specs):
        return False
    return bool(dependencies.needs_of(model).operators & _RANGE_OF_ALL)


def _rows(case: Case) -> list[Case]:
    count = len(next(iter(case.inputs.values())))
    return [
        Case({name: array[at : at + 1] for name, array in case.inputs.items()}, {}) for at in range(count)
    ]


def _joined(outputs: Sequence[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([one[name] for one in outputs]) for name in outputs[0]}
