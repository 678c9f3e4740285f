"""Operators that move values and change none: shapes, parts, and values put together."""

from __future__ import annotations

from runtimes.core.engines.tiny_ops.axes import offsets, size_of, strides, transposed
from runtimes.core.engines.tiny_ops.broadcasting import common_shape, repeated
from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtimes.core.engines.tiny import Operate, Step, Value
    from runtimes.core.engines.tiny_ops.axes import Shape


def reshape(step: Step) -> Operate:
    """Reshape: 0 keeps a size (unless ``zero``), one -1 stands for what remains."""
    zero = step.attributes["zero"]

    def operate(value: Value, wanted: Value) -> list[Value]:
        shape, data = value
        target = list(wanted[1])
        if not zero:
            target = [shape[at] if size == 0 else size for at, size in enumerate(target)]
        if -1 in target:
            others = -size_of(tuple(target))
            target[target.index(-1)] = len(data) // others if others else 0
        if size_of(tuple(target)) != len(data):
            message = f"{list(shape)} cannot have the shape {wanted[1]}"
            raise ModelError(message, about_input=True)
        return [(tuple(target), data)]

    return operate


def flatten(step: Step) -> Operate:
    """Flatten: two axes, parted before ``axis``."""
    wanted = step.attributes["axis"]

    def operate(value: Value) -> list[Value]:
        shape, data = value
        axis = wanted + len(shape) if wanted < 0 else wanted
        return [((size_of(shape[:axis]), size_of(shape[axis:])), data)]

    return operate


def squeeze(step: Step) -> Operate:
    """Squeeze: the axes of ``axes`` (None: all of size 1) go."""
    wanted = step.attributes["axes"]

    def operate(value: Value, _: Value | None = None) -> list[Value]:
        shape, data = value
        axes = [axis % len(shape) for axis in wanted] if wanted is not None else None
        gone = [axis for axis, size in enumerate(shape) if (size == 1 if axes is None else axis in axes)]
        if [axis for axis in gone if shape[axis] != 1]:
            raise ModelError(f"{list(shape)} has a size other than 1 to leave out", about_input=True)
        return [(tuple([size for axis, size in enumerate(shape) if axis not in gone]), data)]

    return operate


def unsqueeze(step: Step) -> Operate:
    """Unsqueeze: sizes of 1 at the axes of ``axes``."""
    wanted = step.attributes["axes"]

    def operate(value: Value, _: Value | None = None) -> list[Value]:
        rank = len(value[0]) + len(wanted)
        places = [axis % rank for axis in wanted]
        sizes = iter(value[0])
        return [(tuple([1 if axis in places else next(sizes) for axis in range(rank)]), value[1])]

    return operate


def transpose(step: Step) -> Operate:
    """Transpose; without ``order`` the axes are turned around."""
    order = step.attributes["order"]

    def operate(value: Value) -> list[Value]:
        return [transposed(*value, order if order is not None else list(range(len(value[0])))[::-1])]

    return operate


def concat(step: Step) -> Operate:
    """Concat along ``axis``."""
    wanted = step.attributes["axis"]

    def operate(*values: Value) -> list[Value]:
        shape = values[0][0]
        axis = wanted % len(shape)
        for other, _ in values:
            if other[:axis] != shape[:axis] or other[axis + 1 :] != shape[axis + 1 :]:
                message = f"{list(shape)} and {list(other)} cannot stand side by side"
                raise ModelError(message, about_input=True)
        target = (*shape[:axis], sum([other[axis] for other, _ in values]), *shape[axis + 1 :])
        outer = size_of(shape[:axis])
        if outer == 1:
            return [(target, [item for _, data in values for item in data])]
        widths = [(data, len(data) // outer) for _, data in values] if outer else []
        rows = [
            item
            for row in range(outer)
            for data, width in widths
            for item in data[row * width : row * width + width]
        ]
        return [(target, rows)]

    return operate


def split(step: Step) -> Operate:
    """Split along ``axis`` into parts of ``sizes``, or as many equal ones as there are outputs."""
    wanted, sizes, count = step.attributes["axis"], step.attributes["sizes"], len(step.gives)

    def operate(value: Value, _: Value | None = None) -> list[Value]:
        shape, data = value
        axis = wanted % len(shape)
        size = shape[axis]
        parts = sizes if sizes is not None else _equal_parts(size, count)
        if sum(parts) != size or min(parts) < 0:
            raise ModelError(f"{size} cannot be split into {parts}", about_input=True)
        starts = [sum(parts[:at]) for at in range(count)]
        return [_part(shape, data, axis, range(start, start + part)) for start, part in zip(starts, parts)]

    return operate


def cut(_step: Step) -> Operate:
    """Slice: its starts, ends, axes and steps are inputs."""

    def operate(
        value: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None
    ) -> list[Value]:
        rank = len(value[0])
        places = axes[1] if axes is not None else range(len(starts[1]))
        found = value
        for at, axis in enumerate(places):
            step = steps[1][at] if steps is not None else 1
            chosen = _range(starts[1][at], ends[1][at], step, found[0][axis % rank])
            found = _part(*found, axis % rank, chosen)
        return [found]

    return operate


def expand(_step: Step) -> Operate:
    """Expand."""

    def operate(value: Value, wanted: Value) -> list[Value]:
        target = common_shape(value[0], _sizes(wanted[1]))
        return [(target, repeated(*value, target))]

    return operate


def tile(_step: Step) -> Operate:
    """Tile."""

    def operate(value: Value, times: Value) -> list[Value]:
        shape, data = value
        for axis, count in enumerate(_sizes(times[1])):
            places = list(range(shape[axis])) * count
            shape, data = _part(shape, data, axis, places)
        return [(shape, data)]

    return operate


def shape_of(step: Step) -> Operate:
    """Shape, of the axes from ``start`` to ``end``."""
    chosen = slice(step.attributes["start"], step.attributes["end"])

    def operate(value: Value) -> list[Value]:
        sizes = list(value[0][chosen])
        return [((len(sizes),), sizes)]

    return operate


def constant_of_shape(step: Step) -> Operate:
    """ConstantOfShape."""
    (item,) = step.attributes["value"]

    def operate(wanted: Value) -> list[Value]:
        shape = _sizes(wanted[1])
        return [(shape, [item] * size_of(shape))]

    return operate


def counted(_step: Step) -> Operate:
    """Range of whole numbers."""

    def operate(start: Value, end: Value, step: Value) -> list[Value]:
        found = list(range(start[1][0], end[1][0], step[1][0]))
        return [((len(found),), found)]

    return operate


def _sizes(numbers: list[int]) -> Shape:
    if numbers and min(numbers) < 0:
        raise ModelError(f"a size or a count of {min(numbers)} is asked for", about_input=True)
    return tuple(numbers)


def _part(shape: Shape, data: list[Any], axis: int, places: Any) -> Value:
    """The selection of these places along an axis."""
    target = (*shape[:axis], len(places), *shape[axis + 1 :])
    steps = strides(shape)
    step = steps[axis]
    outer = offsets(shape[:axis], steps[:axis])
    return target, [
        item
        for start in outer
        for place in places
        for item in data[start + place * step : start + place * step + step]
    ]


def _range(start: int, end: int, step: int, size: int) -> range:
    """As ONNX counts it: backwards a start before the first place is the first, where Python's is none."""
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    if step > 0:
        return range(min(max(start, 0), size), min(max(end, 0), size), step)
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step)


def _equal_parts(size: int, count: int) -> list[int]:
    part = -(-size // count)
    return [*[part] * (count - 1), size - part * (count - 1)]
