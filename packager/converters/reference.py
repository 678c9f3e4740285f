"""reference.json: the source model's own answers, on the user's rows or on rows made from the signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.chance import refuse_chance
from packager.converters.failure import ConversionError, SamplesError
from packager.converters.files import write_json
from packager.converters.labels import accuracy
from packager.converters.request import Request
from packager.converters.resizing import other_sizes
from packager.converters.rows import Rows
from packager.converters.sampled import Sampled
from packager.converters.signature import NUMPY_TYPES, Signature, nullable_numbers
from packager.converters.source import Source
from packager.converters.tensors import Array, tensor_document

_MIDDLE_BATCH = 7
_MOST_WHOLE = 16
MOST_GAPS = 64
# Twice what single precision moves a probability.
_TIE = 2e-5


@dataclass(frozen=True, slots=True)
class Reference:
    """What the reference was made of."""

    rows: int
    source_of_rows: str
    accuracy: dict[str, Any] | None
    notes: tuple[str, ...]


def write_reference(source: Source, request: Request, sampled: Sampled | None, dest: Path) -> Reference:
    notes: list[str] = []
    score = None
    if sampled is not None:
        rows, labels = _some(sampled, request, notes)
        first, *others = _cut(rows, source.signature)
        resized, unseen = other_sizes(source, rows if rows.batched else first)
        notes.extend(unseen)
        cases = [first, *_gaps(source, rows), *resized, *others]
        if labels is not None:
            fixed = fixed_batch(source.signature) if rows.batched else None
            pieces = rows.each() if fixed is None else fixed_batches(rows, fixed)
            score = accuracy(source, pieces, labels[: sum(len(piece) for piece in pieces)])
    else:
        cases = _invented(source, request, notes)
    refuse_chance(lambda: source.answer(cases[-1]))
    documents = [case_document(source, rows) for rows in cases]
    write_json(dest, {"schema_version": 1, "cases": documents})
    origin = "samples" if sampled is not None else "signature"
    return Reference(max(len(rows) for rows in cases), origin, score, tuple(notes))


def _some(sampled: Sampled, request: Request, notes: list[str]) -> tuple[Rows, Array | None]:
    rows, labels, total = sampled.rows, sampled.labels, len(sampled.rows)
    most = _MOST_WHOLE if rows.several else request.rows
    if total > most:
        which = np.sort(np.random.default_rng(request.seed).choice(total, most, replace=False))
        rows, labels = rows.take(which), None if labels is None else labels[which]
        notes.append(f"{most} of the {total} sample rows were used, chosen with seed {request.seed}")
    return rows, labels


def _gaps(source: Source, rows: Rows) -> list[Rows]:
    """Where the model takes missing values and the samples have none: a few of them with gaps."""
    names = nullable_numbers(source.signature.features)
    open_names = [name for name in names if not np.isnan(rows.columns[name].astype(np.float64)).any()]
    return [rows.take(slice(0, MOST_GAPS)).with_gaps(open_names)] if open_names else []


def _invented(source: Source, request: Request, notes: list[str]) -> list[Rows]:
    made = source.invent(request.rows, request.seed)
    if not source.signature.rowwise:
        return made
    decided = [decided_rows(source, rows) for rows in made]
    undecided = sum(len(rows) for rows in made) - sum(len(rows) for rows in decided)
    if undecided:
        notes.append(
            f"{undecided} made rows were left out: the model gives two classes the same probability there"
        )
    return [case for rows in decided for case in _cut(rows, source.signature)]


def decided_rows(source: Source, rows: Rows) -> Rows:
    """Made rows lie on split values, where forests tie; which of two equals is named proves nothing."""
    chances = [spec.name for spec in source.signature.outputs if spec.role == "probabilities"]
    if not chances:
        return rows
    answers = source.answer(rows)
    clear = np.logical_and.reduce([_is_clear(answers[name]) for name in chances])
    return rows.take(clear) if clear.any() else rows


def _is_clear(probabilities: Array) -> Array:
    ordered = np.sort(probabilities, axis=1)
    if ordered.shape[1] < 2:
        return np.ones(len(ordered), dtype=bool)
    return np.asarray(ordered[:, -1] - ordered[:, -2] > _TIE)


def _cut(rows: Rows, signature: Signature) -> list[Rows]:
    """One row, a batch of another size, all rows; a model with a fixed batch gets batches of that size."""
    if not rows.batched:
        return rows.each()
    fixed = fixed_batch(signature)
    if fixed is not None:
        return fixed_batches(rows, fixed)
    sizes = sorted({1, min(_MIDDLE_BATCH, max(1, len(rows) // 2)), len(rows)})
    return [rows.take(slice(0, size)) for size in sizes]


def fixed_batch(signature: Signature) -> int | None:
    """The one size of a batch that the model takes, if it does not take any."""
    sizes = {spec.shape[0] for spec in signature.inputs if spec.shape and isinstance(spec.shape[0], int)}
    return int(min(sizes)) if sizes and not signature.features else None


def fixed_batches(rows: Rows, size: int) -> list[Rows]:
    if len(rows) < size:
        raise SamplesError(
            f"The model takes batches of exactly {size} rows, and there are {len(rows)} sample rows"
        )
    return [rows.take(slice(at, at + size)) for at in range(0, len(rows) - size + 1, size)]


def case_document(source: Source, rows: Rows) -> dict[str, Any]:
    inputs = source.tensors(rows)
    answers = source.answer(rows)
    _check_shapes(answers, source.signature)
    _check_rows(answers, source.signature, rows)
    return {
        "inputs": {name: tensor_document(array) for name, array in inputs.items()},
        "outputs": {name: tensor_document(array) for name, array in answers.items()},
    }


def _check_shapes(answers: Mapping[str, Array], signature: Signature) -> None:
    for spec in signature.outputs:
        shape = answers[spec.name].shape
        fits = len(shape) == len(spec.shape) and all(
            isinstance(want, str) or want == have for want, have in zip(spec.shape, shape, strict=True)
        )
        if not fits:
            raise ConversionError(
                f"The converted model's output {spec.name} has shape {list(spec.shape)}, "
                f"and the model itself answers with shape {list(shape)}"
            )
        if spec.dtype not in NUMPY_TYPES:
            raise ConversionError(
                f"The converted model's output {spec.name} has the unknown dtype {spec.dtype}"
            )


def _check_rows(answers: Mapping[str, Array], signature: Signature, rows: Rows) -> None:
    """A model that leaves rows out answers with a list that nobody can lay beside what was asked."""
    for spec in signature.outputs:
        if rows.batched and spec.batched and len(answers[spec.name]) != len(rows):
            raise ConversionError(
                f"The model answers {len(rows)} rows with {len(answers[spec.name])} of {spec.name}",
                hint="let it answer every row, and mark by a value those that it would leave out",
            )
