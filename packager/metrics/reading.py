"""What answers say of each row: its classes' places, its scores, its number, all its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from packager.metrics.weighted import Floats, Places, cosines
from packager.model import Signature, TensorSpec
from packager.probe import Array

Outputs = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Target:
    """One decision of a model: the output that names the class, and that with a score for each (or either).

    ``classes``: how many; 0: the signature does not say.
    """

    label: TensorSpec | None
    scores: TensorSpec | None
    classes: int


def targets(signature: Signature) -> list[Target]:
    """The decisions that the signature tells of: labels with what belongs to them."""
    found = []
    for label in signature.outputs:
        if label.role != "label":
            continue
        suffix = label.name.removeprefix("label") if label.class_labels else ""
        wanted = {f"probabilities{suffix}", f"scores{suffix}"} if suffix else None
        scores = [
            spec
            for spec in signature.outputs
            if spec.role in ("probabilities", "scores") and (wanted is None or spec.name in wanted)
        ]
        names = label.class_labels or signature.class_labels
        found.append(Target(label, scores[0] if scores else None, len(names)))
    return found


def classes_of(spec: TensorSpec) -> int:
    """How many numbers an output has for each row, where that is a fixed row of them; else 0."""
    sizes = spec.shape[1:]
    return int(np.prod([size for size in sizes if isinstance(size, int)])) if _is_flat(sizes) else 0


def _is_flat(sizes: Sequence[int | str]) -> bool:
    """[n], [n, C], and [n, 1, 1, C] as vision nets have it."""
    return all(isinstance(size, int) for size in sizes) and sum(size != 1 for size in sizes) <= 1


def rows_of(spec: TensorSpec, cases: Sequence[Outputs]) -> Array:
    """The output of all cases, row below row: [rows, numbers]. One that does not begin with the batch is one
    row for each case."""
    arrays = [np.asarray(case[spec.name]) for case in cases]
    if not spec.shape:
        return np.stack([array.reshape(1) for array in arrays])
    return np.concatenate([array.reshape(len(array), -1) for array in arrays])


def decided(target: Target, signature: Signature, cases: Sequence[Outputs], like: Floats | None) -> Places:
    """The place of the class that each row is given; -1 for one that the signature does not name."""
    if target.label is None:
        assert target.scores is not None and like is not None  # noqa: S101 - a target has either
        found = as_chances(numbers_of(target.scores, cases), like)
        return np.asarray(found.argmax(axis=1), dtype=np.int64)
    said = rows_of(target.label, cases).ravel()
    if target.label.class_labels or signature.label_is_index or not signature.class_labels:
        return said.astype(np.int64)
    places = {label: at for at, label in enumerate(signature.class_labels)}
    return np.array([places.get(one, -1) for one in said.tolist()], dtype=np.int64)


def numbers_of(spec: TensorSpec, cases: Sequence[Outputs]) -> Floats:
    """The output's numbers, row below row."""
    return rows_of(spec, cases).astype(np.float64)


def as_chances(scores: Floats, like: Floats) -> Floats:
    """Scores as probabilities; ``like`` are the source's, which show whether they are some already."""
    if scores.shape[1] == 1:
        one = scores if _within_one(like) else 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
        return np.concatenate([1 - one, one], axis=1)
    if _within_one(like) and np.allclose(like.sum(axis=1), 1, atol=1e-2):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _within_one(values: Floats) -> bool:
    return bool(np.all((values >= 0) & (values <= 1)))


def is_number(spec: TensorSpec) -> bool:
    """Whether an output holds numbers that can be more or less wrong: neither texts nor decisions."""
    return spec.dtype not in ("string", "bool") and spec.role != "label"


def alike(spec_rows: Sequence[tuple[Array, Array]]) -> Floats:
    """The cosine of each row of one case, over all its outputs together: pairs of the source's and the
    answer. Where outputs have no rows in common, the case is one row."""
    counts = {one.shape[:1] for pair in spec_rows for one in pair}
    rows = len(spec_rows[0][0]) if len(counts) == 1 and counts != {()} else 1
    flat = [[one.reshape(rows, -1).astype(np.float64) for one in pair] for pair in spec_rows]
    return cosines(np.concatenate([a for a, _ in flat], axis=1), np.concatenate([b for _, b in flat], axis=1))
