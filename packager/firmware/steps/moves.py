"""Steps that move values and change none: done to their places while C is written, so most cost nothing."""

from collections.abc import Sequence

import numpy as np

from packager.firmware.steps.call import Call, Emitter, UnwritableError, axis_of
from packager.firmware.tensor import Tensor, known


def _sizes(call: Call, at: int) -> list[int]:
    array = call.array(at)
    if array is None:
        raise UnwritableError(f"{call.operator} without sizes")
    return [int(size) for size in array.reshape(-1)]


def _reshape(call: Call) -> list[Tensor]:
    value, target = call.input(0), _sizes(call, 1)
    if not call.attributes["zero"]:
        target = [value.shape[at] if size == 0 else size for at, size in enumerate(target)]
    return [value.moved(value.held.reshape(target))]


def _flatten(call: Call) -> list[Tensor]:
    value, axis = call.input(0), call.attributes["axis"]
    axis = axis + len(value.shape) if axis < 0 else axis
    return [value.moved(value.held.reshape(int(np.prod(value.shape[:axis], dtype=np.int64)), -1))]


def _squeeze(call: Call) -> list[Tensor]:
    value, axes = call.input(0), call.attributes["axes"]
    return [value.moved(np.squeeze(value.held, None if axes is None else tuple(axes)))]


def _unsqueeze(call: Call) -> list[Tensor]:
    value = call.input(0)
    return [value.moved(np.expand_dims(value.held, tuple(call.attributes["axes"])))]


def _transpose(call: Call) -> list[Tensor]:
    value = call.input(0)
    return [value.moved(np.transpose(value.held, call.attributes["order"]))]


def _concat(call: Call) -> list[Tensor]:
    parts = [call.input(at) for at in range(len(call.takes))]
    return [side_by_side(call, parts, axis_of(call, parts[0].shape))]


def side_by_side(call: Call, parts: Sequence[Tensor], axis: int) -> Tensor:
    """The parts as one value: where they lie in different arrays, they are copied into one."""
    parts = [part for part in parts if part.size]
    arrays = [part.array for part in parts]
    if all(array is not None for array in arrays):
        return known(np.concatenate([part.held for part in parts], axis), call.gives[0])
    buffers = {id(part.buffer) for part in parts}
    if len(buffers) == 1:
        return parts[0].moved(np.concatenate([part.held for part in parts], axis))
    shape = np.concatenate([part.held for part in parts], axis).shape
    made = call.fresh(shape)
    edges = np.cumsum([part.shape[axis] for part in parts])[:-1]
    out = call.out
    for part, dest in zip(parts, np.split(made.held, edges, axis), strict=True):
        with out.loop("i", part.size) as i:
            out.line(f"{out.at(made, dest.reshape(-1), i)} = {out.read(part, i)};")
    return made


def _split(call: Call) -> list[Tensor]:
    value, sizes, count = call.input(0), call.attributes["sizes"], len(call.gives)
    axis = axis_of(call, value.shape)
    if sizes is None:
        size = -(-value.shape[axis] // count)
        sizes = [*[size] * (count - 1), value.shape[axis] - size * (count - 1)]
    edges = np.cumsum(sizes)[:-1]
    return [value.moved(part) for part in np.split(value.held, edges, axis)]


def _cut(call: Call) -> list[Tensor]:
    value, starts, ends = call.input(0), _sizes(call, 1), _sizes(call, 2)
    axes = _sizes(call, 3) if call.array(3) is not None else list(range(len(starts)))
    steps = _sizes(call, 4) if call.array(4) is not None else [1] * len(starts)
    held = value.held
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        held = np.take(held, _range(start, end, step, held.shape[axis]), axis)
    return [value.moved(held)]


def _range(start: int, end: int, step: int, size: int) -> list[int]:
    """As ONNX counts it: backwards a start before the first place is the first, where Python's is none."""
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    if step > 0:
        return list(range(min(max(start, 0), size), min(max(end, 0), size), step))
    return list(range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step))


def _expand(call: Call) -> list[Tensor]:
    value = call.input(0)
    shape = np.broadcast_shapes(value.shape, tuple(_sizes(call, 1)))
    return [value.moved(np.broadcast_to(value.held, shape))]


def _tile(call: Call) -> list[Tensor]:
    value = call.input(0)
    return [value.moved(np.tile(value.held, _sizes(call, 1)))]


def _shape_of(call: Call) -> list[Tensor]:
    chosen = slice(call.attributes["start"], call.attributes["end"])
    return [known(np.array(call.input(0).shape[chosen], dtype=np.int64), "int64")]


def _filled(call: Call) -> list[Tensor]:
    (item,) = call.attributes["value"]
    return [known(np.full(_sizes(call, 0), item, dtype=call.gives[0]), call.gives[0])]


def _counted(call: Call) -> list[Tensor]:
    (start,), (end,), (step,) = (_sizes(call, at) for at in range(3))
    return [known(np.arange(start, end, step, dtype=call.gives[0]), call.gives[0])]


EMITTERS: dict[str, Emitter] = {
    "shapes.reshape": _reshape,
    "shapes.flatten": _flatten,
    "shapes.squeeze": _squeeze,
    "shapes.unsqueeze": _unsqueeze,
    "shapes.transpose": _transpose,
    "shapes.concat": _concat,
    "shapes.split": _split,
    "shapes.cut": _cut,
    "shapes.expand": _expand,
    "shapes.tile": _tile,
    "shapes.shape_of": _shape_of,
    "shapes.constant_of_shape": _filled,
    "shapes.counted": _counted,
}
