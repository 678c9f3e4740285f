"""Operators that choose: by place, by condition, by size."""

from __future__ import annotations

from runtimes.core.engines.tiny_ops.axes import line_slices, offsets, size_of, strides
from runtimes.core.engines.tiny_ops.broadcasting import common_shape, repeated
from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value


def gather(step: Step) -> Operate:
    """Gather along ``axis``."""
    wanted = step.attributes["axis"]

    def operate(value: Value, places: Value) -> list[Value]:
        shape, data = value
        axis = wanted % len(shape)
        chosen = _checked(places[1], shape[axis])
        target = (*shape[:axis], *places[0], *shape[axis + 1 :])
        if len(shape) == 1:
            return [(target, [data[place] for place in chosen])]
        inner = size_of(shape[axis + 1 :])
        block = shape[axis] * inner
        starts = range(0, size_of(shape[:axis]) * block, block) if block else ()
        if inner == 1:
            return [(target, [data[start + place] for start in starts for place in chosen])]
        return [
            (
                target,
                [
                    item
                    for start in starts
                    for place in chosen
                    for item in data[start + place * inner : start + place * inner + inner]
                ],
            )
        ]

    return operate


def gather_elements(step: Step) -> Operate:
    """GatherElements along ``axis``."""
    wanted = step.attributes["axis"]

    def operate(value: Value, places: Value) -> list[Value]:
        shape, data = value
        axis = wanted % len(shape)
        steps = strides(shape)
        step_along = steps[axis]
        steps[axis] = 0
        chosen = _checked(places[1], shape[axis])
        bases = offsets(places[0], steps)
        return [(places[0], [data[base + place * step_along] for base, place in zip(bases, chosen)])]

    return operate


def where(_step: Step) -> Operate:
    """Where."""

    def operate(condition: Value, one: Value, other: Value) -> list[Value]:
        shape = common_shape(common_shape(condition[0], one[0]), other[0])
        three = [repeated(*value, shape) for value in (condition, one, other)]
        return [(shape, [left if chosen else right for chosen, left, right in zip(*three)])]

    return operate


def arg_max(step: Step) -> Operate:
    """ArgMax: the first of equal ones, or with ``last`` the last."""
    return _place_of(step, max)


def arg_min(step: Step) -> Operate:
    """ArgMin, likewise."""
    return _place_of(step, min)


def _place_of(step: Step, function: Callable[[list[Any]], Any]) -> Operate:
    wanted, keep, last = step.attributes["axis"], step.attributes["keep"], step.attributes["last"]

    def operate(value: Value) -> list[Value]:
        shape, data = value
        axis = wanted % len(shape)
        found = []
        for line in line_slices(shape, axis):
            numbers = data[line][::-1] if last else data[line]
            place = numbers.index(function(numbers))
            found.append(len(numbers) - 1 - place if last else place)
        return [((*shape[:axis], *((1,) if keep else ()), *shape[axis + 1 :]), found)]

    return operate


def top_k(step: Step) -> Operate:
    """TopK: of equal ones those that come first."""
    wanted, largest = step.attributes["axis"], step.attributes["largest"]

    def operate(value: Value, count: Value) -> list[Value]:
        shape, data = value
        axis, most = wanted % len(shape), count[1][0]
        if not 0 <= most <= shape[axis]:
            raise ModelError(f"the first {most} of {shape[axis]} are asked for", about_input=True)
        target = (*shape[:axis], most, *shape[axis + 1 :])
        numbers, places = [None] * size_of(target), [0] * size_of(target)
        for line, dest in zip(line_slices(shape, axis), line_slices(target, axis)):
            part = data[line]
            order = sorted(range(len(part)), key=part.__getitem__, reverse=largest)[:most]
            numbers[dest], places[dest] = [part[place] for place in order], order
        return [(target, numbers), (target, places)]

    return operate


def _checked(places: list[int], size: int) -> list[int]:
    """Places counted from the beginning; from the end where negative."""
    if places and not -size <= min(places) <= max(places) < size:
        raise ModelError(f"there is no place {max(places, key=abs)} among {size}", about_input=True)
    return [place + size if place < 0 else place for place in places]
