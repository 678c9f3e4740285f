"""Rows that nobody gave, made of those that were: C in single precision is held to C in double by them."""

from collections.abc import Sequence

import numpy as np

from packager.model import Signature, TensorSpec
from packager.probe import Array, Case

ROWS = 512
_BATCH = "batch"
_BEYOND = 0.5
"""How far a number goes past the two that it is made of, as a part of their distance."""


def rows(cases: Sequence[Case], signature: Signature) -> tuple[Case, ...]:
    """Each column drawn by itself from what stands in it; in every second row between two such numbers, or
    some way past them, but where a column has categories. The same rows each time."""
    chosen = np.random.default_rng(0)
    if any(spec.shape[:1] == (_BATCH,) for spec in signature.inputs):
        return (Case({spec.name: _batch(cases, spec, signature, chosen) for spec in signature.inputs}, {}),)
    count = max(1, ROWS // int(np.prod([int(dim) for dim in signature.inputs[0].shape[:1]] or [1])))
    drawn = {
        spec.name: _mixed(_stacked(cases, spec), spec, signature, chosen, count) for spec in signature.inputs
    }
    return tuple(Case({name: array[at] for name, array in drawn.items()}, {}) for at in range(count))


def _batch(
    cases: Sequence[Case], spec: TensorSpec, signature: Signature, chosen: np.random.Generator
) -> Array:
    given = np.concatenate([case.inputs[spec.name] for case in cases])
    return _mixed(given, spec, signature, chosen, ROWS)


def _stacked(cases: Sequence[Case], spec: TensorSpec) -> Array:
    return np.stack([case.inputs[spec.name] for case in cases])


def _mixed(
    given: Array, spec: TensorSpec, signature: Signature, chosen: np.random.Generator, count: int
) -> Array:
    columns = given.reshape(len(given), -1)
    places = np.arange(columns.shape[1])
    one, other = (columns[chosen.integers(len(columns), size=(count, places.size)), places] for _ in range(2))
    if columns.dtype.kind == "f":
        ahead = chosen.uniform(-_BEYOND, 1 + _BEYOND, one.shape) * (np.arange(count) % 2)[:, None]
        ahead[:, _coded(spec, signature, places.size)] = 0
        with np.errstate(over="ignore", invalid="ignore"):
            between = (one + ahead * (other - one)).astype(columns.dtype)
        one = np.where(np.isfinite(between), between, one)
    return np.ascontiguousarray(one).reshape(count, *given.shape[1:])


def _coded(spec: TensorSpec, signature: Signature, width: int) -> list[int]:
    """The columns of categories."""
    mine = [feature for feature in signature.features if feature.input == spec.name]
    coded = {feature.column for feature in mine if feature.categories}
    return [at for at in range(width) if mine and at % len(mine) in coded]
