"""Which sizes of a module's inputs are free: the module itself is asked, by inputs of other sizes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.signature import BATCH, Dim, Signature, TensorSpec
from packager.converters.torch.shapes import dtype_name, output_specs

Axis = tuple[int, int]
Sizes = dict[str, int]
Run = Callable[[list[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class FreeSize:
    """``axes``: inputs and their axes that share the size; ``others``: more sizes that the module takes."""

    name: str
    axes: tuple[Axis, ...]
    size: int
    others: tuple[int, ...]


def free_sizes(run: Run, example: list[Any], rowwise: bool, named: bool = True) -> tuple[FreeSize, ...]:
    """``named``: a free first axis of inputs that are no rows is the batch, all the same."""
    found = [_batch(run, example)] if rowwise else []
    open_axes = [
        (at, axis)
        for at, tensor in enumerate(example)
        for axis, size in enumerate(tensor.shape)
        if size > 1 and not (rowwise and axis == 0)
    ]
    tied: list[Axis] = []
    for axis in open_axes:
        if others := _taken(run, example, (axis,)):
            found.append(_named(found, (axis,), example, others, named))
        else:
            tied.append(axis)
    for size in sorted({_size(example, axis) for axis in tied}):
        axes = tuple(axis for axis in tied if _size(example, axis) == size)
        if len(axes) > 1 and (others := _taken(run, example, axes)):
            found.append(_named(found, axes, example, others, named))
    return tuple(found)


def _batch(run: Run, example: list[Any]) -> FreeSize:
    size = len(example[0])
    batch = FreeSize(BATCH, tuple((at, 0) for at in range(len(example))), size, (1, size + 1))
    for other in batch.others:
        with translated(ConversionError, f"The model takes batches of {size} rows and none of {other}"):
            run(resized(example, (batch,), {BATCH: other}))
    return batch


def _named(
    found: list[FreeSize], axes: tuple[Axis, ...], example: list[Any], others: list[int], named: bool
) -> FreeSize:
    first = named and (0, 0) in axes and all(free.name != BATCH for free in found)
    name = BATCH if first else f"dim_{len(found) + 1}"
    return FreeSize(name, axes, _size(example, axes[0]), tuple(others))


def _taken(run: Run, example: list[Any], axes: tuple[Axis, ...]) -> list[int]:
    """The sizes that it takes; none unless it takes the next one, for a network that halves takes a half."""
    size = _size(example, axes[0])
    near = size - 1 if size > 2 else size + 1
    free = FreeSize("", axes, size, ())
    asked = sorted({near, max(size // 2, 1), size + 1}, key=lambda other: other != near)
    taken = [other for other in asked if _takes(run, resized(example, (free,), {"": other}))]
    return taken if near in taken else []


def _takes(run: Run, tensors: list[Any]) -> bool:
    try:
        with translated(ConversionError, "not taken"):
            run(tensors)
    except WorkerError:
        return False
    return True


def _size(example: list[Any], axis: Axis) -> int:
    return int(example[axis[0]].shape[axis[1]])


def resized(example: list[Any], free: tuple[FreeSize, ...], sizes: Sizes) -> list[Any]:
    """The example with other sizes: cut, or begun again, so that its values stay of the real kind."""
    import torch

    made = list(example)
    for one in free:
        if one.name in sizes:
            for at, axis in one.axes:
                places = torch.arange(sizes[one.name]) % made[at].shape[axis]
                made[at] = made[at].index_select(axis, places)
    return made


def trials(run: Run, example: list[Any], free: tuple[FreeSize, ...]) -> list[list[Any]]:
    """Inputs that a graph must answer as the module does: every free size at three values at least."""
    smaller = {one.name: one.others[0] for one in free}
    larger = {one.name: one.others[-1] for one in free}
    wanted = [smaller, larger, *({one.name: other} for one in free for other in one.others)]
    made = [resized(example, free, sizes) for sizes in wanted]
    return [example, *(tensors for tensors in made if _takes(run, tensors))]


def read_shapes(
    run: Run, names: list[str], answers: list[str], example: list[Any], free: tuple[FreeSize, ...]
) -> Signature:
    """The signature with these sizes free: what an answer's sizes follow shows when one of them changes."""
    inputs = tuple(
        TensorSpec(name, dtype_name(tensor.dtype), _input_shape(at, tensor, free))
        for at, (name, tensor) in enumerate(zip(names, example, strict=True))
    )
    base = run(example)
    changed = [[run(resized(example, free, {one.name: other})) for other in one.others] for one in free]
    made = sum(one.name != BATCH for one in free)
    shapes: list[tuple[Dim, ...]] = []
    for at, tensor in enumerate(base):
        shape: list[Dim] = []
        for axis, size in enumerate(tensor.shape):
            others = [tuple(_axis_size(one[at], tensor, axis) for one in answers) for answers in changed]
            followed = _followed(free, int(size), others)
            if followed is None:
                made += 1
                followed = f"dim_{made + 1}"
            shape.append(followed)
        shapes.append(tuple(shape))
    return Signature(inputs, output_specs(answers, [dtype_name(tensor.dtype) for tensor in base], shapes))


def _input_shape(at: int, tensor: Any, free: tuple[FreeSize, ...]) -> tuple[Dim, ...]:
    names = {axis: one.name for one in free for axis in one.axes}
    return tuple(names.get((at, axis), int(size)) for axis, size in enumerate(tensor.shape))


def _axis_size(answer: Any, base: Any, axis: int) -> int:
    if answer.ndim != base.ndim:
        raise ConversionError(
            f"The model answers inputs of other sizes with {answer.ndim} dimensions in place of {base.ndim}"
        )
    return int(answer.shape[axis])


def _followed(free: tuple[FreeSize, ...], size: int, others: list[tuple[int, ...]]) -> Dim | None:
    """The free size that this one equals, itself where nothing changes it, None where it is another."""
    moving = [(one, seen) for one, seen in zip(free, others, strict=True) if set(seen) != {size}]
    if not moving:
        return size
    one, seen = moving[0]
    return one.name if len(moving) == 1 and (size, seen) == (one.size, one.others) else None


def rows_are_apart(run: Run, example: list[Any]) -> bool:
    """Whether a row's answer is the same beside other rows: else the first axis is no batch."""
    together, count = run(example), len(example[0])
    for row in (slice(0, 1), slice(count - 1, count)):
        alone = run([tensor[row] for tensor in example])
        if not all(_same(one, other, row, count) for one, other in zip(together, alone, strict=True)):
            return False
    return True


def _same(together: Any, alone: Any, row: slice, count: int) -> bool:
    import torch

    if together.shape[:1] != (count,) or together[row].shape != alone.shape:
        return True  # it has no rows to compare
    one, other = together[row].double(), alone.double()
    return bool(torch.allclose(one, other, rtol=1e-3, atol=1e-3, equal_nan=True))
