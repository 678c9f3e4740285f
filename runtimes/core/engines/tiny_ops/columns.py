"""Columns of ai.onnx.ml: chosen, filled, scaled, made of length one."""

from __future__ import annotations

from math import sqrt

from runtimes.core.engines.tiny_ops.rounding import single
from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value


def chosen(_: Step) -> Operate:
    """ArrayFeatureExtractor: the columns at these places, of a value seen as rows."""

    def operate(value: Value, places: Value) -> list[Value]:
        shape, data = value
        width = shape[-1] if shape else 0
        wrong = [place for place in places[1] if not 0 <= place < width]
        if wrong:
            raise ModelError(f"there is no column {wrong[0]} among {width}", about_input=True)
        outer = (1,) if len(shape) == 1 else shape[:-1]
        found = [data[start + place] for start in range(0, len(data), width) for place in places[1]]
        return [((*outer, len(places[1])), found)]

    return operate


def filled(step: Step) -> Operate:
    """Imputer: another value, of each column its own, in the place of one value (or of missing ones)."""
    gap, known = step.attributes.get("gap"), step.constants[1]
    values = known[1] if known else []

    def operate(value: Value, *_: Value) -> list[Value]:
        shape, data = value
        others = _for_columns(values, shape)
        if gap is None:
            return [(shape, [other if item != item else item for item, other in zip(data, others)])]
        return [(shape, [other if item == gap else item for item, other in zip(data, others)])]

    return operate


def scaled(step: Step) -> Operate:
    """Scaler: the offset taken away, then times the scale."""
    (_, offsets), (_, scales) = [known for known in step.constants[1:] if known]
    keep = _precision(step)

    def operate(value: Value, *_: Value) -> list[Value]:
        shape, data = value
        less = _for_columns(offsets, shape)
        times = _for_columns(scales, shape)
        found = keep([item - offset for item, offset in zip(data, less)])
        return [(shape, single([item * scale for item, scale in zip(found, times)]))]

    return operate


def of_length_one(step: Step) -> Operate:
    """Normalizer: each row divided by the sum of its sizes, or by its length; zeros stay."""
    squared = step.attributes["squared"]

    def operate(value: Value) -> list[Value]:
        shape, data = value
        width = shape[-1] if shape else 0
        found: list[float] = []
        for start in range(0, len(data), width):
            row = data[start : start + width]
            # In single precision whatever the input: what that cannot hold counts for nothing, or for all.
            parts = single([item * item for item in row] if squared else map(abs, row))
            (size,) = single([sum(parts)])
            if size and squared:
                parts = [sqrt(part / size) for part in parts]
            elif size:
                parts = [part / size for part in parts]
            found += [-part if item < 0 else part for item, part in zip(row, parts)] if size else row
        return [(shape, single(found))]

    return operate


def above(step: Step) -> Operate:
    """Binarizer: 1 where a value is greater than the threshold."""
    threshold = step.attributes["threshold"]

    def operate(value: Value) -> list[Value]:
        shape, data = value
        if any(item != item for item in data):
            raise ModelError("a missing value is neither above the threshold nor below it", about_input=True)
        return [(shape, [1.0 if item > threshold else 0.0 for item in data])]

    return operate


def _precision(step: Step) -> Callable[[list[float]], list[float]]:
    return list if step.takes[0] == "float64" else single


def _for_columns(values: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """The values for each element of this shape: one for all, or one for each column."""
    count = 1
    for size in shape:
        count *= size
    if len(values) == 1:
        return values * count
    if not shape or shape[-1] != len(values):
        raise ModelError(f"{len(values)} columns are expected, not {list(shape)}", about_input=True)
    return values * (count // len(values))
