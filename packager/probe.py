"""Asks the shipped code for its answers: `python -m runtimes.core.probe` in a child process."""

import base64
import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from packager.errors import VerificationError

SCHEMA_VERSION = 1
Array = NDArray[Any]
Runner = Callable[[Sequence[str], Path, Mapping[str, str]], subprocess.CompletedProcess[str]]
"""Runs a command in a folder with exactly these variables; how strictly is the caller's choice."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call of the model: its inputs and the answers that belong to them, by tensor name."""

    inputs: dict[str, Array]
    outputs: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the shipped code answered, case by case, with the time that opening the model took."""

    outputs: tuple[dict[str, Array], ...]
    load_ms: float
    run_ms: tuple[float, ...]


def read_cases(path: Path) -> tuple[Case, ...]:
    """Read a cases file (`docs/contracts.md`): the source model's own answers."""
    return _cases(json.loads(path.read_text()))


def golden_cases(path: Path) -> tuple[Case, ...]:
    """The few of them that travel beside an artifact."""
    return _cases(golden_document(path))


def _cases(document: Mapping[str, Any]) -> tuple[Case, ...]:
    return tuple(Case(_tensors(case["inputs"]), _tensors(case["outputs"])) for case in document["cases"])


def write_cases(path: Path, cases: Sequence[Case]) -> None:
    """Write a cases file; the same cases always give the same bytes."""
    rows = [{"inputs": _documents(case.inputs), "outputs": _documents(case.outputs)} for case in cases]
    document = {"schema_version": SCHEMA_VERSION, "cases": rows}
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def golden_document(cases: Path, most_rows: int = 16) -> dict[str, Any]:
    """The cases of at most ``most_rows`` rows: small enough to travel beside an artifact.

    A model with a fixed large batch keeps its first case, whatever its size.
    """
    document: dict[str, Any] = json.loads(cases.read_text())
    small = [case for case in document["cases"] if _rows(case) <= most_rows]
    return {"schema_version": SCHEMA_VERSION, "cases": small or document["cases"][:1]}


def run(root: Path, cases: Path, python: Path, runner: Runner, library: Path | None = None) -> Answers:
    """Run every case through the artifact in ``root``; ``library`` stands in for a foreign engine."""
    with tempfile.TemporaryDirectory(prefix="packager-probe-") as scratch:
        output = Path(scratch) / "answers.json"
        command = [
            str(python), "-B", "-m", "runtimes.core.probe",
            "--root", str(root.resolve()), "--cases", str(cases.resolve()), "--output", str(output),
        ]  # fmt: skip
        variables = {"ENGINE_LIBRARY": str(library)} if library else {}
        return _answers(runner(command, root, variables), output)


def _answers(done: subprocess.CompletedProcess[str], output: Path) -> Answers:
    """The shipped code says itself why it failed, unless it did not come so far."""
    lines = tuple((done.stderr or "").strip().splitlines()[-8:])
    document = json.loads(output.read_text()) if output.exists() else {}
    if "error" in document:
        raise VerificationError(
            f"the artifact cannot run the model: {document['error']['message']}", None, lines
        )
    if done.returncode != 0 or not document:
        raise VerificationError(
            f"the shipped code ended with code {done.returncode} and no answer", None, lines
        )
    return Answers(
        tuple(_tensors(case["outputs"]) for case in document["cases"]),
        float(document["load_ms"]),
        tuple(float(value) for value in document["run_ms"]),
    )


def _rows(case: dict[str, Any]) -> int:
    shapes = [tensor["shape"] for tensor in case["inputs"].values() if tensor["shape"]]
    return int(max((shape[0] for shape in shapes), default=1))


def _tensors(documents: Mapping[str, Any]) -> dict[str, Array]:
    return {name: read_tensor(document) for name, document in documents.items()}


def _documents(tensors: Mapping[str, Array]) -> dict[str, Any]:
    return {name: _document(array) for name, array in tensors.items()}


def _document(array: Array) -> dict[str, Any]:
    """One array as a tensor of the contract."""
    if array.dtype == object:
        return {"dtype": "string", "shape": list(array.shape), "data": array.reshape(-1).tolist()}
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "b64": data}


def read_tensor(document: Mapping[str, Any]) -> Array:
    """One tensor of the contract as an array; text becomes an object array of str."""
    shape = tuple(document["shape"])
    if document["dtype"] == "string":
        return np.array(document["data"], dtype=object).reshape(shape)
    data = base64.b64decode(document["b64"])
    return np.frombuffer(data, dtype=np.dtype(document["dtype"]).newbyteorder("<")).reshape(shape)
