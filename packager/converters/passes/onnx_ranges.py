"""Between which values the tensors of a graph lie, seen on calibration rows."""

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from packager.converters.onnx.engine import open_session, run_session
from packager.converters.passes.onnx_rows import CalibrationRows
from packager.converters.tensors import Array

_BINS, _LEVELS = 2048, 128
_NEVER = 1e-9
"""The share of values that are not seen: none would make any clipping infinitely bad."""


@dataclass(frozen=True, slots=True)
class Range:
    """``deviation``: of all values, from 0."""

    lowest: float
    highest: float
    deviation: float

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite([self.lowest, self.highest]).all())

    @property
    def spread(self) -> float:
        """How far the farthest value lies, in usual ones."""
        farthest = max(abs(self.lowest), abs(self.highest))
        return farthest / self.deviation if self.deviation else 0.0


def measured(model: Any, rows: CalibrationRows, names: Collection[str]) -> dict[str, Range]:
    """The smallest and the largest value of each tensor; those that are no float32 are left out."""
    found: dict[str, list[tuple[float, float, float, int]]] = {}
    for values in _runs(model, rows, names):
        for name, array in values.items():
            if array.size:
                with np.errstate(invalid="ignore", over="ignore"):
                    squares = float(np.square(array, dtype=np.float64).sum())
                found.setdefault(name, []).append(
                    (float(array.min()), float(array.max()), squares, array.size)
                )
    return {name: _range(seen) for name, seen in found.items()}


def _range(seen: list[tuple[float, float, float, int]]) -> Range:
    lowest, highest, squares, counts = zip(*seen)
    deviation = float(np.sqrt(sum(squares) / sum(counts)))
    return Range(min(lowest), max(highest), deviation)


def narrowed(
    model: Any, rows: CalibrationRows, ranges: Mapping[str, Range], method: str, percentile: float
) -> dict[str, Range]:
    """By ``entropy`` or ``percentile``: finite ranges without their farthest values."""
    finite = {name: one for name, one in ranges.items() if one.is_finite and one.highest > one.lowest}
    counts = {name: np.zeros(_BINS, np.int64) for name in finite}
    for values in _runs(model, rows, finite):
        for name, array in values.items():
            # 0 is exact in every range, and behind a Relu most values are 0: they say nothing about a range.
            seen = array[array != 0] if method == "entropy" else array
            counts[name] += np.histogram(seen, _BINS, range=_around_zero(finite[name]))[0]
    made = dict(ranges)
    for name, one in finite.items():
        edges = np.linspace(*_around_zero(one), _BINS + 1).astype(np.float32)
        low, high = (
            _by_entropy(counts[name], edges)
            if method == "entropy"
            else _by_percentile(counts[name], edges, percentile)
        )
        made[name] = replace(one, lowest=max(low, one.lowest), highest=min(high, one.highest))
    return made


def _around_zero(one: Range) -> tuple[float, float]:
    farthest = max(abs(one.lowest), abs(one.highest))
    return -farthest, farthest


def _by_percentile(counts: Array, edges: Array, percentile: float) -> tuple[float, float]:
    """Half of what is cut off at either end."""
    cut = (100.0 - percentile) / 200.0
    shares = np.cumsum(counts) / counts.sum()
    low = int(np.searchsorted(shares, cut, side="right"))
    high = int(np.searchsorted(shares, 1.0 - cut, side="left")) + 1
    return float(edges[low]), float(edges[min(high, len(edges) - 1)])


def _by_entropy(counts: Array, edges: Array) -> tuple[float, float]:
    """Around 0, where the values as 8 bits would give them are most like the values as they are.

    What lies outside is counted at the ends; the relative entropy says how unlike the two are.
    """
    middle = len(counts) // 2
    lost = {
        half: _unlike(counts[middle - half : middle + half], counts.sum())
        for half in range(_LEVELS // 2, middle + 1, _LEVELS // 2)
    }
    half = min(lost, key=lambda one: (lost[one], -one))
    return float(edges[middle - half]), float(edges[middle + half])


def _unlike(inner: Array, total: int) -> float:
    """Of the counts within, after what lies outside is clipped to its ends, to the same in so many levels."""
    given = inner.astype(np.float64)
    outside = (total - given.sum()) / 2
    levels = given.reshape(_LEVELS, -1)
    filled = levels > 0
    mean = levels.sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
    held = np.where(filled, mean[:, None], 0.0).ravel()
    given[0] += outside
    given[-1] += outside
    given, held = given / given.sum(), np.maximum(held / max(held.sum(), 1.0), _NEVER)
    there = given > 0
    return float(np.sum(given[there] * np.log(given[there] / held[there])))


def _runs(model: Any, rows: CalibrationRows, names: Collection[str]) -> Iterator[dict[str, Array]]:
    """For each piece the values of all these tensors."""
    session = open_session(_showing(model, names))
    shown = [value.name for value in session.get_outputs() if value.name in names]
    for piece in rows.pieces:
        values: dict[str, Array] = {}
        if shown:
            values.update(zip(shown, run_session(session, piece, shown)))
        values.update({name: array for name, array in piece.items() if name in names})
        yield {name: array for name, array in values.items() if array.dtype == np.float32}


def _showing(model: Any, names: Collection[str]) -> bytes:
    """The graph with these of its inner values as outputs."""
    import onnx

    made = copy.deepcopy(model)
    there = {value.name for value in [*made.graph.output, *made.graph.input]}
    written = {name for node in made.graph.node for name in node.output}
    types = {value.name: value.type.tensor_type.elem_type for value in made.graph.value_info}
    for name in sorted((set(names) & written) - there):
        if types.get(name) == onnx.TensorProto.FLOAT:
            made.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return bytes(made.SerializeToString())
