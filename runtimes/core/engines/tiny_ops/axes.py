"""Flat data by its axes: strides, lines along an axis, places of a selection."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Shape = tuple[int, ...]


def size_of(sizes: Shape) -> int:
    """The product of sizes."""
    size = 1
    for dim in sizes:
        size *= dim
    return size


def strides(shape: Shape) -> list[int]:
    """How far apart in the flat data two neighbours along each axis are."""
    found, step = [], 1
    for size in reversed(shape):
        found.append(step)
        step *= size
    return found[::-1]


def offsets(shape: Shape, steps: list[int]) -> list[int]:
    """The place of every element of a selection of this shape, whose axes advance by ``steps``."""
    found = [0]
    for size, step in zip(shape, steps):
        found = (
            [base + at for base in found for at in range(0, size * step, step)]
            if step
            else [base for base in found for _ in range(size)]
        )
    return found


def line_slices(shape: Shape, axis: int, end: int | None = None) -> list[slice]:
    """The slices of the flat data along ``axis`` (up to ``end`` as one axis), in the others' order."""
    stop = axis + 1 if end is None else end
    count, inner = size_of(shape[axis:stop]), size_of(shape[stop:])
    step = count * inner
    if inner == 1:
        return (
            [slice(start, start + count) for start in range(0, size_of(shape[:axis]) * count, count)]
            if count
            else [slice(0, 0)] * size_of(shape[:axis])
        )
    return [
        slice(outer * step + start, outer * step + step, inner)
        for outer in range(size_of(shape[:axis]))
        for start in range(inner)
    ]


def transposed(shape: Shape, data: list[Any], order: list[int]) -> tuple[Shape, list[Any]]:
    """The value with its axes in another order."""
    steps = strides(shape)
    target = tuple([shape[axis] for axis in order])
    return target, [data[place] for place in offsets(target, [steps[axis] for axis in order])]
