"""Golden rows as files that a job reads, and its answers as the tensors that they came from."""

import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager import probe
from packager.errors import VerificationError
from packager.model import MISSING_TEXT, ClassLabel, Feature, Signature, TensorSpec
from packager.probe import Array, Case

_SCRIPT = Path(__file__).with_name("job_rows_script.py")
_NAMES = {"predictions": "prediction", "probabilities": "probability", "scores": "score"}
_PARTS = {
    "label": "predictions", "prediction": "predictions", "probabilities": "probabilities", "scores": "scores",
}  # fmt: skip
_TYPES = {"integer": "int64", "boolean": "bool", "text": "string"}
_MOST_NUMBERS = 4_000_000
"""Of all inputs and outputs together: a job over images is proved by fewer of them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some cases, put together: ``inputs`` and the source's ``outputs``, row by row."""

    inputs: dict[str, Array]
    outputs: dict[str, Array]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(next(iter(self.inputs.values())))


def rows_of(signature: Signature, cases: Sequence[Case]) -> Rows | None:
    """Every row once: of any batch the largest case, of a fixed one all. Where an output is not by rows, one
    row of each case that has one alone. None where a model takes no rows."""
    first = {spec.shape[0] if spec.shape else None for spec in signature.inputs}
    others = [spec.name for spec in signature.outputs if not is_by_row(spec, signature)]
    if len(first) != 1 or not (first == {"batch"} or (isinstance(next(iter(first)), int) and not others)):
        return None
    if others:
        cases = [case for case in cases if _length(case) == 1]
    elif first == {"batch"}:
        cases = [max(cases, key=_length)]
    inputs = {spec.name: _joined([case.inputs[spec.name] for case in cases]) for spec in signature.inputs}
    outputs = {
        spec.name: _joined(
            [
                case.outputs[spec.name][None] if spec.name in others else case.outputs[spec.name]
                for case in cases
            ]
        )
        for spec in signature.outputs
    }
    most = _MOST_NUMBERS // max(1, sum(array[:1].size for array in (*inputs.values(), *outputs.values())))
    kept = slice(0, max(1, most))
    return Rows({k: v[kept] for k, v in inputs.items()}, {k: v[kept] for k, v in outputs.items()})


def is_by_row(spec: TensorSpec, signature: Signature) -> bool:
    """Whether an output has an entry for each row."""
    return bool(spec.shape) and spec.shape[0] == signature.inputs[0].shape[:1][0]


def _length(case: Case) -> int:
    return len(next(iter(case.inputs.values())))


def refused(signature: Signature, rows: Rows) -> Array:
    """Which rows the function refuses as well: numbers that are not finite where none may be missing."""
    found = np.zeros(rows.count, dtype=bool)
    for spec in signature.inputs:
        array = rows.inputs[spec.name]
        if array.dtype.kind != "f":
            continue
        nullable = [f.column for f in signature.features if f.input == spec.name and f.nullable]
        flat = array.reshape(rows.count, -1)
        wrong = ~np.isfinite(flat)
        if nullable:
            wrong[:, nullable] = np.isinf(flat[:, nullable])
        found |= wrong.any(axis=1)
    return found


def as_csv_says(signature: Signature, rows: Rows) -> Rows:
    """The rows that CSV can say: an empty cell is a missing value where a text may be missing."""
    kept = np.ones(rows.count, dtype=bool)
    for feature in signature.features:
        if feature.nullable and feature.kind == "text":
            texts = rows.inputs[feature.input].reshape(rows.count, -1)[:, feature.column]
            kept &= texts != ""
    if kept.all():
        return rows
    inputs, outputs = (
        {name: array[kept] for name, array in one.items()} for one in (rows.inputs, rows.outputs)
    )
    return Rows(inputs, outputs)


def has_line_breaks(rows: Rows) -> bool:
    """Whether a text goes on in another line: CSV says so by quotes."""
    texts = [array for array in rows.inputs.values() if array.dtype == object]
    return any(set(str(text)) & {"\n", "\r"} for array in texts for text in array.reshape(-1).tolist())


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def columns(signature: Signature) -> list[dict[str, Any]]:
    """Which column of a file is made of what: of a feature, or of a whole input."""
    if signature.features:
        dtypes = {spec.name: spec.dtype for spec in signature.inputs}
        return [_feature(feature, dtypes[feature.input]) for feature in signature.features]
    return [
        {"name": spec.name, "tensor": spec.name, "place": None, "nullable": False, "type": None}
        for spec in signature.inputs
    ]


def _feature(feature: Feature, dtype: str) -> dict[str, Any]:
    own = _TYPES.get(feature.kind)
    if dtype.startswith(("int", "uint")) and own == "int64":
        own = dtype
    return {
        "name": feature.name,
        "tensor": feature.input,
        "place": feature.column,
        "nullable": feature.nullable,
        "type": own,
    }


def write(python: Path, signature: Signature, rows: Rows, folder: Path, names: Sequence[str]) -> list[Path]:
    """The rows in a file for each of the names, in ``folder``."""
    cases = folder / "rows.json"
    probe.write_cases(cases, [Case(rows.inputs, {})])
    files = [folder / name for name in names]
    _run(
        python,
        "write",
        folder,
        {
            "cases": str(cases),
            "columns": columns(signature),
            "missing_text": MISSING_TEXT,
            "files": [str(file) for file in files],
            "rows_at_once": max(1, rows.count // 3),
        },
    )
    return files


def preview(python: Path, output: Path, rows: int, scratch: Path) -> list[dict[str, Any]]:
    """The first answers of an output in Parquet or Arrow."""
    answers = scratch / "preview.json"
    _run(python, "preview", scratch, {"folder": str(output), "answers": str(answers), "rows": rows})
    found: list[dict[str, Any]] = json.loads(answers.read_text(encoding="utf-8"))
    return found


def read(python: Path, signature: Signature, rows: Rows, output: Path, scratch: Path) -> dict[str, Array]:
    """The answers of an output in Parquet to the rows, as the tensors of the signature."""
    answers = scratch / "answers.json"
    _run(python, "read", scratch, {"folder": str(output), "answers": str(answers)})
    document = json.loads(answers.read_text(encoding="utf-8"))
    found = {name: probe.read_tensor(column) for name, column in document["columns"].items()}
    return _tensors(signature, rows, found)


def _tensors(signature: Signature, rows: Rows, found: dict[str, Array]) -> dict[str, Array]:
    """The columns stand in the order of the parts of an answer; those of an output begin with its name."""
    left = list(found)
    tensors: dict[str, Array] = {}
    for name, spec in _named(signature):
        mine = [one for one in left if one == name or one.startswith(f"{name}_")]
        mine = [name] if name in mine else mine[: _width(rows.outputs[spec.name])]
        if not mine or mine[0] not in left:
            raise VerificationError(f"the job's answers have no column {name}: {', '.join(found)}")
        left = [one for one in left if one not in mine]
        array = found[mine[0]] if len(mine) == 1 else np.stack([found[one] for one in mine], axis=1)
        tensors[spec.name] = _as_output(array, rows.outputs[spec.name], spec, signature)
    if left:
        raise VerificationError(f"the job's answers have a column {left[0]} that no output has")
    return tensors


def _named(signature: Signature) -> list[tuple[str, TensorSpec]]:
    """Each output with what its columns are called (docs/contracts.md)."""
    parts: dict[str, list[TensorSpec]] = {"predictions": [], "probabilities": [], "scores": []}
    for spec in signature.outputs:
        part = _PARTS.get(spec.role)
        if part is not None and (not parts[part] or spec.class_labels):
            parts[part].append(spec)
    named = [
        (_NAMES[part] if len(specs) == 1 else f"{_NAMES[part]}_{number}", spec)
        for part, specs in parts.items()
        for number, spec in enumerate(specs)
    ]
    taken = {spec.name for _, spec in named}
    return [*named, *((spec.name, spec) for spec in signature.outputs if spec.name not in taken)]


def _width(array: Array) -> int:
    return int(array.shape[1]) if array.ndim == 2 else 1


def _as_output(array: Array, like: Array, spec: TensorSpec, signature: Signature) -> Array:
    """In the shape of the source's, if there is as much of it; a class as the graph names it."""
    labels = spec.class_labels or (signature.class_labels if signature.label_is_index else ())
    if spec.role == "label" and labels:
        places = {_named_as(label, labels): place for place, label in enumerate(labels)}
        found = [places.get(value, -1) for value in array.reshape(-1).tolist()]
        array = np.array(found).reshape(array.shape)
    shape = (len(array), *like.shape[1:])
    return array.reshape(shape) if array.size == math.prod(shape) else array


def _named_as(label: ClassLabel, labels: Sequence[ClassLabel]) -> ClassLabel:
    """Classes of several types are texts in a column."""
    if len(set(map(type, labels)) - {int, float}) + bool({int, float} & set(map(type, labels))) < 2:
        return label
    return str(label).lower() if isinstance(label, bool) else str(label)


def _run(python: Path, action: str, folder: Path, request: dict[str, Any]) -> None:
    path = folder / f"{action}.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    command = [str(python), "-I", "-B", str(_SCRIPT), action, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        lines = tuple(done.stderr.strip().splitlines()[-8:])
        raise VerificationError("the golden rows cannot be put before the job", None, lines)
