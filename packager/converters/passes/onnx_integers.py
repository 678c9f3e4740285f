"""Weights as integers of 8 or 4 bits: which values share a scale, and what the nearest integers are."""

from dataclasses import dataclass

import numpy as np

from packager.converters.passes.onnx_weights import Weight
from packager.converters.tensors import Array

_EXACT_ENOUGH = 2.0**-10
"""Half precision has eleven digits; where an error is above this, a value is beyond its range."""


@dataclass(frozen=True, slots=True)
class Integers:
    """``values * scales`` is nearly the weight, both shaped as ``view``; with ``zeros`` from those on.

    ``values`` are signed around 0, or unsigned around ``zeros``.
    """

    values: Array
    scales: Array
    zeros: Array | None

    def floats(self) -> Array:
        """As the engine computes them: in single precision."""
        whole = self.values.astype(np.float32)
        if self.zeros is not None:
            whole = whole - self.zeros.astype(np.float32)
        return whole * self.scales


def rounded(
    grouped: Array, axes: tuple[int, ...], bits: int, symmetric: bool, half: bool = False
) -> Integers:
    """The nearest integers to values that share a scale along ``axes``; a zero stays a zero.

    ``half``: scales are rounded to half precision, where that holds them.
    """
    if symmetric:
        return _symmetric(grouped, axes, bits, half)
    low = np.minimum(grouped.min(axis=axes, keepdims=True), 0.0)
    high = np.maximum(grouped.max(axis=axes, keepdims=True), 0.0)
    most = 2**bits - 1
    scales = _usable((high - low) / most, half)
    zeros = np.clip(np.rint(-low / scales), 0, most)
    values = np.clip(np.rint(grouped / scales) + zeros, 0, most)
    return Integers(values.astype(np.uint8), scales, zeros.astype(np.uint8))


def _symmetric(grouped: Array, axes: tuple[int, ...], bits: int, half: bool) -> Integers:
    """The value of the largest magnitude is the lowest integer, of which there is one more."""
    high, low = grouped.max(axis=axes, keepdims=True), grouped.min(axis=axes, keepdims=True)
    least = -(2 ** (bits - 1))
    scales = _usable(np.where(high > -low, high, low) / least, half)
    values = np.clip(np.rint(grouped / scales), least, -least - 1)
    return Integers(values.astype(np.int8), scales, None)


def _usable(scales: Array, half: bool) -> Array:
    """Groups of zeros alone, or of what is too small to be divided by, have the scale 1."""
    scales = scales.astype(np.float32)
    scales = np.where(np.abs(scales) < np.finfo(np.float32).tiny, np.float32(1), scales)
    halves = halved(scales).astype(np.float32)
    return halves if half and np.allclose(halves, scales, rtol=_EXACT_ENOUGH, atol=0) else scales


def halved(array: Array) -> Array:
    """In half precision; what that cannot hold is infinite or zero."""
    with np.errstate(over="ignore"):
        return array.astype(np.float16)


def grouping(weight: Weight, block_size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape in which values that share a scale lie along the axes that are returned with it.

    Without ``block_size`` each channel is a group. Blocks divide a channel evenly, so that nothing is padded.
    """
    shape = tuple(weight.tensor.dims)
    inner = tuple(axis for axis in range(len(shape)) if axis not in weight.channels)
    if not block_size:
        return shape, inner
    lead = len(weight.channels)
    if weight.channels == tuple(range(lead)):
        count = int(np.prod(shape[lead:]))
        block = _divisor(count, block_size)
        return (*shape[:lead], count // block, block), (lead + 1,)
    axis = weight.inputs
    block = _divisor(shape[axis], block_size)
    view = (*shape[:axis], shape[axis] // block, block, *shape[axis + 1 :])
    return view, (axis + 1, *(other + 1 for other in inner if other > axis))


def _divisor(count: int, most: int) -> int:
    """The largest block that divides ``count`` evenly, an even one where there is one: two integers of 4 bits
    lie in a byte. All of it where blocks would be tiny."""
    fitting = [size for size in range(min(count, most), 0, -1) if count % size == 0 and size * 4 >= most]
    return next((size for size in fitting if size % 2 == 0), fitting[0] if fitting else count)
