"""Compares the artifact's answers with the source model's own: shapes, then labels, then numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from packager.errors import VerificationError
from packager.model import ClassLabel, Signature, TensorSpec
from packager.probe import Answers, Array, Case
from packager.results import RowSource, Tolerance, Verification, WorstRow

TOLERANCES = {
    "float16": Tolerance(absolute=1e-2, relative=1e-2),
    "float32": Tolerance(absolute=1e-5, relative=1e-4),
    "float64": Tolerance(absolute=1e-9, relative=1e-7),
}
"""By the dtype of the converted model's output. Labels, integers, booleans and text must be equal."""

SMALL = 1e-2
"""Where an output's largest answer is smaller, its absolute tolerance shrinks with it."""
WORST = 5
TIE = 2e-6
"""Classes whose probabilities differ by no more are undecided: single precision cannot tell them apart."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one output of one case showed."""

    max_abs_error: float = 0.0
    flips: int = 0
    ties: int = 0
    failure: str | None = None
    worst: tuple[WorstRow, ...] = ()


def tolerances(
    signature: Signature, cases: Sequence[Case], absolute: float | None = None
) -> dict[str, Tolerance]:
    """The tolerance of each floating point output, by its dtype and the size of the source's answers.

    A model that answers in millionths is not proved by a bound of hundred-thousandths. ``absolute`` is what
    the user allows where that is more.
    """
    numbers = [spec for spec in signature.outputs if spec.dtype in TOLERANCES]
    return {spec.name: _tolerance(spec, cases, absolute or 0.0) for spec in numbers}


def _tolerance(spec: TensorSpec, cases: Sequence[Case], absolute: float) -> Tolerance:
    own = TOLERANCES[spec.dtype]
    sizes = [np.abs(case.outputs[spec.name]) for case in cases if spec.name in case.outputs]
    largest = max((float(size[np.isfinite(size)].max(initial=0)) for size in sizes), default=0.0)
    scale = min(1.0, largest / SMALL) if largest else 1.0
    return replace(own, absolute=max(own.absolute * scale, absolute))


def compare(
    cases: Sequence[Case],
    answers: Answers,
    signature: Signature,
    source_of_rows: RowSource,
    tolerance: dict[str, Tolerance],
    engine: str,
) -> Verification:
    """Hold every answer to the source model's. It never raises: ``passed`` is False and says why.

    ``tolerance`` is by output; what has none must be equal.
    """
    findings = [
        finding
        for case, outputs in zip(cases, answers.outputs, strict=True)
        for finding in _case_findings(case, outputs, signature, tolerance)
    ]
    failures = [finding.failure for finding in findings if finding.failure]
    worst = sorted((row for f in findings for row in f.worst), key=lambda row: -row.error)
    return Verification(
        rows=_compared_rows(cases, signature),
        source_of_rows=source_of_rows,
        max_abs_error=max((f.max_abs_error for f in findings), default=0.0),
        label_flips=max((f.flips for f in findings), default=0),
        ties=max((f.ties for f in findings), default=0),
        tolerance=tolerance,
        passed=bool(findings) and not failures,
        engine=engine,
        failure=failures[0] if failures else None if findings else "there was nothing to compare",
        worst_rows=tuple(worst[:WORST]),
    )


def verification_error(found: Verification, hint: str) -> VerificationError:
    """The failed comparison as an error: the reason, then the worst rows with both answers."""
    rows = [
        f"row {row.row}, {row.output}: the source model answers {row.source_answer}, "
        f"the artifact {row.artifact_answer}"
        for row in found.worst_rows
    ]
    return VerificationError(
        f"the artifact does not answer as the source model does: {found.failure}",
        hint,
        tuple(dict.fromkeys(rows)),
    )


def what_to_do(found: Verification) -> str:
    """The way on from a build whose answers differ."""
    if found.failure and found.failure.startswith("the source model answers NaN"):
        return "nothing was written; give rows that the model answers with numbers: --samples FILE"
    hint = "nothing was written; if such a difference is acceptable, raise --tolerance (labels must be equal)"
    if found.source_of_rows == "signature":
        return f"these rows were made from the signature, give real ones with --samples; {hint}"
    return hint


def _compared_rows(cases: Sequence[Case], signature: Signature) -> int:
    """Cases of a free batch are parts of the largest; those of fixed inputs have rows of their own."""
    if any(isinstance(dim, str) for spec in signature.inputs for dim in spec.shape):
        return max((_rows(case) for case in cases), default=0)
    first = {spec.shape[0] if len(spec.shape) > 1 else None for spec in signature.inputs}
    size = first.pop() if len(first) == 1 else None
    return len(cases) * (size if isinstance(size, int) else 1)


def _case_findings(
    case: Case, outputs: dict[str, Array], signature: Signature, tolerance: dict[str, Tolerance]
) -> list[_Finding]:
    found = []
    for spec in signature.outputs:
        if spec.name not in outputs or spec.name not in case.outputs:
            found.append(_Finding(failure=f"output {spec.name!r} is missing"))
            continue
        source, shipped = case.outputs[spec.name], outputs[spec.name]
        undecided = _undecided(case, shipped, signature, spec) if spec.role == "label" else None
        found.append(_compare(spec.name, source, shipped, tolerance.get(spec.name), undecided))
    return found


def _undecided(case: Case, shipped: Array, signature: Signature, label: TensorSpec) -> Array | None:
    """Rows where the source model itself gives its own label and the artifact's the same probability."""
    named = label.name.replace("label", "probabilities") if label.class_labels else None
    chances = [spec.name for spec in signature.outputs if spec.role == "probabilities"]
    found = [name for name in chances if named in (None, name)]
    probabilities = case.outputs.get(found[0]) if found else None
    source = case.outputs[label.name]
    if probabilities is None or shipped.shape != source.shape:
        return None
    labels = label.class_labels or signature.class_labels
    by_place = bool(label.class_labels) or signature.label_is_index
    places = {known: place for place, known in enumerate(range(len(labels)) if by_place else labels)}

    def tied(one: ClassLabel, other: ClassLabel, row: Array) -> bool:
        known = one in places and other in places
        return known and bool(abs(row[places[one]] - row[places[other]]) <= TIE)

    return np.array(
        [tied(*row) for row in zip(source.tolist(), shipped.tolist(), probabilities, strict=True)]
    )


def _compare(
    name: str, source: Array, shipped: Array, tolerance: Tolerance | None, undecided: Array | None
) -> _Finding:
    if source.shape != shipped.shape:
        return _Finding(
            failure=f"output {name!r} has shape {list(shipped.shape)}, the source's has {list(source.shape)}"
        )
    if source.size == 0:
        return _Finding()
    if tolerance is None:
        return _compare_exact(name, source, shipped, undecided)
    return _compare_numbers(name, source.astype(np.float64), shipped.astype(np.float64), tolerance)


def _compare_exact(name: str, source: Array, shipped: Array, undecided: Array | None) -> _Finding:
    differs: Array = np.not_equal(source, shipped).reshape(len(source) if source.ndim else 1, -1)
    unequal: Array = np.logical_or.reduce(differs.astype(bool), axis=1)
    flipped = unequal if undecided is None else unequal & ~undecided
    rows, ties = np.flatnonzero(flipped), int(unequal.sum() - flipped.sum())
    if not rows.size:
        return _Finding(ties=ties)
    worst = tuple(_worst_row(name, source, shipped, int(row), float("inf")) for row in rows[:WORST])
    said = f"{name!r} differs in {rows.size} of {len(unequal)} rows"
    return _Finding(flips=int(rows.size), ties=ties, failure=said, worst=worst)


def _compare_numbers(name: str, source: Array, shipped: Array, tolerance: Tolerance) -> _Finding:
    """Fails closed: NaN on either side is outside every tolerance; equal infinities agree."""
    with np.errstate(invalid="ignore"):
        error = np.where(source == shipped, 0.0, np.abs(source - shipped))
        allowed = tolerance.absolute + tolerance.relative * np.abs(source)
        within = (source == shipped) | (np.isfinite(error) & (error <= allowed))
    finite = error[np.isfinite(error)]
    largest = float(finite.max()) if finite.size else 0.0
    if within.all():
        return _Finding(max_abs_error=largest)
    error = np.where(np.isnan(error), np.inf, error).reshape(len(source) if source.ndim else 1, -1)
    outside = ~within.reshape(error.shape).all(axis=1)
    rows = np.flatnonzero(outside)
    rows = rows[np.argsort(-error[rows].max(axis=1), kind="stable")]
    worst = tuple(
        _worst_row(name, source, shipped, int(row), float(error[row].max())) for row in rows[:WORST]
    )
    failure = _numbers_failure(name, source, shipped, len(rows), tolerance)
    return _Finding(largest, failure=failure, worst=worst)


def _numbers_failure(name: str, source: Array, shipped: Array, rows: int, tolerance: Tolerance) -> str:
    total = len(source) if source.ndim else 1
    for side, values in (("the source model", source), ("the artifact", shipped)):
        if np.isnan(values).any():
            return f"{side} answers NaN in output {name!r} ({rows} of {total} rows do not agree)"
    bound = f"{tolerance.absolute:g} + {tolerance.relative:g} x |answer|"
    return f"{name!r} differs by more than {bound} in {rows} of {total} rows"


def _worst_row(name: str, source: Array, shipped: Array, row: int, error: float) -> WorstRow:
    return WorstRow(name, row, _text(source, row), _text(shipped, row), error)


def _text(values: Array, row: int) -> str:
    shown = np.array2string(np.asarray(values[row] if values.ndim else values), precision=8, threshold=8)
    return " ".join(shown.split())


def _rows(case: Case) -> int:
    return max((array.shape[0] for array in case.inputs.values() if array.ndim), default=1)
