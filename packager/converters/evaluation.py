"""evaluation.json and calibration.json: rows to judge a changed model by, and others to change it by."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.files import write_json
from packager.converters.labels import truth
from packager.converters.reference import case_document, decided_rows, fixed_batch, fixed_batches
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.sampled import Sampled
from packager.converters.signature import Signature
from packager.converters.source import Source
from packager.converters.tensors import Array, tensor_document

EVALUATION, CALIBRATION = "evaluation.json", "calibration.json"
_CASE_ROWS, _CASE_BYTES = 256, 8 << 20
# Of inputs and answers together: both files are read whole, as text.
_EVALUATION_BYTES, _CALIBRATION_BYTES = 64 << 20, 32 << 20
_LEARNT_ROWS, _LEARNT_BYTES = 2048, 256 << 20
_QUARTER = 4
"""Of few rows calibration takes one in so many at most."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Rows cut into cases, and the truth of each row; calibration shares no row with them."""

    evaluated: list[Rows]
    labels: list[float] | None
    calibrated: list[Rows]
    notes: list[str]


def write_evaluation(
    source: Source, request: Request, sampled: Sampled | None, job: Path
) -> dict[str, Any] | None:
    """Both files, and what `result.json` says of them; None where nobody asks for them."""
    if not request.evaluation_rows and not request.calibration_rows:
        return None
    drawn = _drawn(source, request, sampled) if sampled is not None else _invented(source, request)
    cases = [case_document(source, rows) for rows in drawn.evaluated]
    write_json(job / EVALUATION, {"schema_version": 1, "cases": cases, "labels": drawn.labels})
    if drawn.calibrated:
        inputs = [_inputs_alone(source, rows) for rows in drawn.calibrated]
        write_json(job / CALIBRATION, {"schema_version": 1, "cases": inputs})
    return {
        "path": EVALUATION,
        "rows": sum(len(rows) for rows in drawn.evaluated),
        "labels": drawn.labels is not None,
        "calibration_path": CALIBRATION if drawn.calibrated else None,
        "calibration_rows": sum(len(rows) for rows in drawn.calibrated),
        "notes": drawn.notes,
    }


def calibrating(source: Source, request: Request, sampled: Sampled) -> Rows:
    """The rows of `calibration.json`; where none are asked for, some of the samples; of whole inputs one."""
    if not sampled.rows.batched:
        return sampled.rows.each()[0]
    drawn = _drawn(source, request, sampled).calibrated
    if drawn:
        names = drawn[0].columns
        return Rows({name: np.concatenate([rows.columns[name] for rows in drawn]) for name in names})
    order = np.random.default_rng(request.seed).permutation(len(sampled.rows))
    return sampled.rows.take(np.sort(order[: request.rows]))


def unjudged(source: Source, request: Request, sampled: Sampled) -> Rows:
    """Rows that no candidate is judged by, those of `calibration.json` first: what a model may learn from."""
    rows, _ = _accepted(sampled, source.signature, [])
    row_bytes = _row_bytes(source, rows)
    calibrated, evaluated = _shares(len(rows), request, row_bytes, fixed_batch(source.signature) or 1)
    order = np.random.default_rng(request.seed).permutation(len(rows))
    free = np.concatenate([order[:calibrated], order[calibrated + evaluated :]])
    return rows.take(np.sort(free[: min(_LEARNT_ROWS, _LEARNT_BYTES // row_bytes)]))


def _invented(source: Source, request: Request) -> _Drawn:
    """Made rows, others than the reference has; nothing is calibrated on what nobody would ask."""
    made = source.invent(request.evaluation_rows, request.seed + 1)
    signature = source.signature
    if signature.rowwise:
        made = [piece for rows in made for piece in _cut(decided_rows(source, rows), signature, 1)]
    total = sum(len(rows) for rows in made)
    note = f"evaluated on {total} made rows, since there are no samples; nothing is calibrated on made rows"
    return _Drawn(made, None, [], [note])


def _drawn(source: Source, request: Request, sampled: Sampled) -> _Drawn:
    signature = source.signature
    notes: list[str] = []
    rows, labels = _accepted(sampled, signature, notes)
    wanted = truth(labels, signature, notes) if labels is not None else None
    if not rows.batched and not rows.several:
        said = "evaluated on the one sample, and there is no other to calibrate on"
        return _Drawn([rows], wanted, [], [*notes, said])
    row_bytes, batch = _row_bytes(source, rows), (fixed_batch(signature) if rows.batched else None) or 1
    calibrated, evaluated = _shares(len(rows), request, row_bytes, batch)
    order = np.random.default_rng(request.seed).permutation(len(rows))
    first, others = np.sort(order[:calibrated]), np.sort(order[calibrated : calibrated + evaluated])
    chosen = None if wanted is None else [wanted[at] for at in others]
    said = _said(len(rows), calibrated, evaluated, request)
    return _Drawn(
        evaluated=_cut(rows.take(others), signature, row_bytes),
        labels=chosen,
        calibrated=_cut(rows.take(first), signature, row_bytes) if calibrated else [],
        notes=[*notes, said],
    )


def _accepted(sampled: Sampled, signature: Signature, notes: list[str]) -> tuple[Rows, Array | None]:
    """Without the rows whose values the source model is known to refuse."""
    rows, labels = sampled.rows, sampled.labels
    taken = np.ones(len(rows), dtype=bool)
    for feature in signature.features:
        if feature.categories:
            known = np.isin(rows.columns[feature.name].astype(str), [str(one) for one in feature.categories])
            if not known.all():
                count = int((~known).sum())
                notes.append(f"{count} rows hold a {feature.name} that the model does not know: left out")
            taken &= known
    if taken.all() or not taken.any():
        return rows, labels
    return rows.take(taken), None if labels is None else labels[taken]


def _shares(total: int, request: Request, row_bytes: int, batch: int) -> tuple[int, int]:
    """How many rows calibrate and how many evaluate: whole batches of them."""
    most = min(request.calibration_rows, total // _QUARTER, _CALIBRATION_BYTES // row_bytes)
    calibrated = most // batch * batch
    left = min(request.evaluation_rows, total - calibrated, _EVALUATION_BYTES // row_bytes)
    return calibrated, max(left // batch, 1) * batch


def _row_bytes(source: Source, rows: Rows) -> int:
    """What a row and its answers take, seen on the smallest batch."""
    size = (fixed_batch(source.signature) if rows.batched else None) or 1
    some = rows.take(slice(0, size)) if rows.batched else rows.each()[0]
    if len(some) < size:
        return 1  # refused with its own words when it is cut
    arrays = [*source.tensors(some).values(), *source.answer(some).values()]
    return max(1, sum(_bytes(array) for array in arrays) // size)


def _bytes(array: Array) -> int:
    return sum(len(str(text)) for text in array.ravel()) if array.dtype.kind in "OUT" else array.nbytes


def _cut(rows: Rows, signature: Signature, row_bytes: int) -> list[Rows]:
    if not rows.batched:
        return rows.each()
    fixed = fixed_batch(signature)
    if fixed is not None:
        return fixed_batches(rows, fixed)
    size = max(1, min(_CASE_ROWS, _CASE_BYTES // row_bytes))
    return [rows.take(slice(at, at + size)) for at in range(0, len(rows), size)]


def _inputs_alone(source: Source, rows: Rows) -> dict[str, Any]:
    tensors = source.tensors(rows)
    return {"inputs": {name: tensor_document(array) for name, array in tensors.items()}, "outputs": {}}


def _said(total: int, calibrated: int, evaluated: int, request: Request) -> str:
    return ", ".join(_clauses(total, calibrated, evaluated, request))


def _clauses(total: int, calibrated: int, evaluated: int, request: Request) -> Iterator[str]:
    asked = request.calibration_rows
    if calibrated:
        fewer = f" ({asked} were asked for)" if calibrated < asked else ""
        yield f"calibrated on {calibrated} rows{fewer}, evaluated on {evaluated:,} others"
    else:
        yield f"evaluated on {evaluated:,} rows"
        if asked:
            yield f"calibrated on none: {total} rows are too few"
    if calibrated + evaluated < total or calibrated:
        yield f"drawn from {total:,} with seed {request.seed}"
