"""Rows to read a Keras model with: its free sizes at values that the model takes, alone or together."""

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.signature import BATCH, NUMPY_TYPES
from packager.converters.torch.freedom import FreeSize, Run, resized

# Sizes of a free dimension, and others to prove it with: images of many networks are multiples of 32.
_SIZES = ((16, (24, 19)), (32, (64, 40)), (128, (160, 131)), (512, (576, 520)))
_ROWS = 2
_SEED = 0


def example_of(
    inputs: list[Any], bounds: list[int | None], run: Run
) -> tuple[list[Any], tuple[FreeSize, ...]]:
    """Tensors for ``inputs``, and which of their sizes are free."""
    failure: WorkerError | None = None
    for size, others in _SIZES if _open_axes(inputs) else _SIZES[:1]:
        for tied in (False, True):
            free = _free(inputs, size, others, tied)
            example = [_tensor(tensor, size, bound) for tensor, bound in zip(inputs, bounds, strict=True)]
            try:
                _try_all(run, example, free)
            except WorkerError as error:
                failure = failure or error
            else:
                return example, free
    assert failure is not None  # noqa: S101 - every plan failed, so there is a first failure
    raise failure


def _open_axes(inputs: list[Any]) -> list[tuple[int, int]]:
    return [
        (at, axis)
        for at, tensor in enumerate(inputs)
        for axis, size in enumerate(tensor.shape)
        if size is None and axis > 0
    ]


def _free(inputs: list[Any], size: int, others: tuple[int, ...], tied: bool) -> tuple[FreeSize, ...]:
    batch = tuple((at, 0) for at, tensor in enumerate(inputs) if tensor.shape and tensor.shape[0] is None)
    axes = _open_axes(inputs)
    groups = [tuple(axes)] if tied and axes else [(axis,) for axis in axes]
    found = [FreeSize(BATCH, batch, _ROWS, (1, _ROWS + 1))] if batch else []
    return (*found, *(FreeSize(f"dim_{at}", group, size, others) for at, group in enumerate(groups, start=2)))


def _try_all(run: Run, example: list[Any], free: tuple[FreeSize, ...]) -> None:
    """The example itself, and each free size at its first other value."""
    with translated(ConversionError, "The model does not take inputs of the shapes that its file states"):
        run(example)
        for one in free:
            run(resized(example, free, {one.name: one.others[0]}))


def _tensor(spec: Any, size: int, bound: int | None) -> Any:
    import torch

    free = [_ROWS, *[size] * len(spec.shape)]
    shape = [free[axis] if dim is None else dim for axis, dim in enumerate(spec.shape)]
    return torch.from_numpy(made_values(shape, str(spec.dtype), bound, np.random.default_rng(_SEED)))


def made_values(shape: list[int], dtype: str, bound: int | None, random: np.random.Generator) -> Any:
    """Values of a dtype; places in a table where there is a bound."""
    kind = NUMPY_TYPES.get(dtype)
    if kind is None or kind.kind == "O":
        raise ConversionError(
            f"The model takes {dtype}, which Keras computes with TensorFlow alone", environment="tensorflow"
        )
    if kind.kind == "b":
        return random.random(shape) < 0.5
    if bound is not None or kind.kind in "iu":
        return random.integers(0, bound or 10, shape).astype(kind)
    return random.standard_normal(shape).astype(kind)
