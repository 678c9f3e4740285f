"""Runs a TFLite model by TFLite Micro's own interpreter, in a child process, and finds the arena it needs."""

import json
import platform
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from packager import child, environments, probe, recipes, resources, tools
from packager.errors import ConversionError, ToolError
from packager.model import ModelFile, Signature
from packager.probe import Answers, Array, Case

_SCRIPT = Path(__file__).with_name("tflm_script.py")
_LIMIT_S = 600
_PROCESSORS = ("x86_64", "amd64")
_BATCH = "batch"
_MOST_ROWS = 16
Row = dict[str, Array]
_NOISE = re.compile(
    r"^(Failed to allocate|TFLM failed|Too many buffers|Failed to populate|Unable to allocate)"
)


@dataclass(frozen=True, slots=True)
class Micro:
    """What TFLite Micro made of a model: the operators that it has to register, the smallest arena that was
    enough, its inputs and outputs in the order of the model's tensors, and which of the outputs are codes.

    ``answers`` are those to all cases; ``rows`` some rows with them, for the device itself.
    """

    operators: tuple[str, ...]
    arena_bytes: int
    quantized: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    answers: Answers = field(repr=False)
    rows: tuple[Case, ...] = field(repr=False)


def run(model: ModelFile, cases: Path, say: tools.Progress = tools.silent, offline: bool = False) -> Micro:
    """Every row of ``cases`` by the interpreter, one at a time as a microcontroller asks.

    Raises ConversionError where TFLite Micro cannot run the model, and names what it lacks.
    """
    _can_run_here()
    _sizes_are_fixed(model.signature)
    python = environments.find(recipes.recipe("tflite_micro"), say, offline).python
    whole = probe.read_cases(cases)
    with tempfile.TemporaryDirectory(prefix="packager-tflm-") as scratch:
        job = Path(scratch)
        asked = [list(_rows(case, model.signature)) for case in whole]
        _stage(job, model, [row for case in asked for row in case])
        document, log = _asked(python, job)
        _refuse(model, document, log)
        answered = iter(_answered(job / "answers.npz"))
        told = [[next(answered) for _ in case] for case in asked]
        shown = zip(asked[-1], told[-1], strict=True) if len(asked[-1]) > 1 else _firsts(asked, told)
        return Micro(
            operators=tuple(document["operators"]),
            arena_bytes=document["arena_bytes"],
            quantized=tuple(document["quantized"]),
            inputs=tuple(document["inputs"]),
            outputs=tuple(document["outputs"]),
            answers=Answers(tuple(_joined(rows) for rows in told), 0.0, ()),
            rows=tuple(Case(*row) for row in shown)[:_MOST_ROWS],
        )


@cache
def registered() -> Mapping[str, str]:
    """What TFLite Micro's resolver calls each operator that it has."""
    table: dict[str, str] = tomllib.loads(
        (resources.DATA / "tflm_operators.toml").read_text(encoding="utf-8")
    )
    return table


def _can_run_here() -> None:
    machine = platform.machine().lower()
    if machine not in _PROCESSORS:
        raise ToolError(
            f"TFLite Micro's interpreter is published for x86_64 alone, and this machine is {machine}: what "
            "a microcontroller would answer cannot be proved here",
            "build on an x86_64 machine, or build C without an interpreter: --format c",
        )


def _sizes_are_fixed(signature: Signature) -> None:
    for spec in signature.inputs:
        free = [dim for at, dim in enumerate(spec.shape) if isinstance(dim, str) and (at, dim) != (0, _BATCH)]
        if free:
            raise ConversionError(
                f"TFLite Micro runs fixed sizes, and {free[0]!r} of the input {spec.name!r} is free",
                "convert the model with that size fixed",
            )


def _stage(job: Path, model: ModelFile, rows: Sequence[Row]) -> None:
    """Write what the script reads."""
    (job / "model.tflite").write_bytes(model.path.read_bytes())
    (job / "request.json").write_text(json.dumps({"registered": sorted(registered())}), encoding="utf-8")
    stored = {f"{at}.{name}": array for at, row in enumerate(rows) for name, array in row.items()}
    np.savez(job / "rows.npz", **stored)  # type: ignore[arg-type]


def _rows(case: Case, signature: Signature) -> Iterator[Row]:
    """A free batch is asked row by row; all else as it is."""
    if not any(spec.shape[:1] == (_BATCH,) for spec in signature.inputs):
        yield case.inputs
        return
    batched = {spec.name for spec in signature.inputs if spec.shape[:1] == (_BATCH,)}
    count = max(len(case.inputs[name]) for name in batched)
    for at in range(count):
        yield {name: array[at : at + 1] if name in batched else array for name, array in case.inputs.items()}


def _asked(python: Path, job: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    log = job / "log.txt"
    command = [str(python), "-I", "-B", str(_SCRIPT), str(job)]
    environment = {"LC_ALL": "C", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(job)}
    ended = child.run(command, job, environment, log, _LIMIT_S, child.memory_here_mb())
    said = tuple(line for line in child.last_lines(log) if not _NOISE.match(line))
    if ended.limit is not None:
        raise ToolError(
            f"TFLite Micro's interpreter was stopped: it took more than {_LIMIT_S} s, or all free memory",
            "give fewer --rows",
        )
    if ended.returncode != 0 or not (job / "result.json").exists():
        raise ConversionError(
            f"TFLite Micro's interpreter ended with code {ended.returncode} and no answer", None, said
        )
    document: dict[str, Any] = json.loads((job / "result.json").read_text(encoding="utf-8"))
    return document, said


def _refuse(model: ModelFile, document: dict[str, Any], said: tuple[str, ...]) -> None:
    missing = document["missing"]
    if missing:
        raise ConversionError(
            f"TFLite Micro has no operator {', '.join(missing)}, and {model.path.name} needs "
            f"{'it' if len(missing) == 1 else 'them'}",
            "use a model without, C without an interpreter (--format c), or a device with Linux",
        )
    if document["keeps_variables"]:
        raise ConversionError(
            f"{model.path.name} keeps variables from one run to the next, which is not proved"
        )
    if document["refused"]:
        raise ConversionError(
            f"TFLite Micro does not run {model.path.name}: {said[0] if said else 'it does not say why'}",
            "full int8 is what it runs best: packager optimize --pass tflite_full_int8",
            said,
        )


def _answered(path: Path) -> list[Row]:
    """Row by row."""
    found: dict[int, Row] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            at, _, name = key.partition(".")
            found.setdefault(int(at), {})[name] = stored[key]
    return [found[at] for at in sorted(found)]


def _firsts(asked: Sequence[Sequence[Row]], told: Sequence[Sequence[Row]]) -> Iterator[tuple[Row, Row]]:
    return ((row[0], answer[0]) for row, answer in zip(asked, told, strict=True))


def _joined(rows: Sequence[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
