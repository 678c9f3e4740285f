"""Tensors made from a signature: seeded, of the right dtypes, with free dimensions of two sizes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from packager.converters.rows import Rows
from packager.converters.signature import BATCH, NUMPY_TYPES, Signature, TensorSpec
from packager.converters.tensors import Array

# Long enough for most convolutions and recurrences, short enough to be quick.
FREE_SIZES = (16, 24)
_LARGEST_WHOLE = 10


def invent_tensors(
    signature: Signature,
    count: int,
    seed: int,
    free_sizes: tuple[int, int] = FREE_SIZES,
    *,
    tied: bool = False,
    bounds: Mapping[str, int] | None = None,
) -> list[Rows]:
    """One set of inputs for each of the two sizes; without other free dimensions one set is enough.

    ``tied``: free dimensions of inputs that do not begin with the batch (states, mostly) are the batch.
    ``bounds``: by input, how many values there are to choose from where they are places in a table.
    """
    random = np.random.default_rng(seed)
    others = {dim for spec in signature.inputs for dim in spec.shape if isinstance(dim, str) and dim != BATCH}
    states = {dim for spec in signature.inputs if not spec.batched for dim in spec.shape} if tied else set()
    made = []
    limits = {dim: both for spec in signature.inputs for dim, both in spec.limits.items()}
    most = limits.get(BATCH, (0, None))[1]
    count = count if most is None else min(count, most)
    for at in (0, 1) if others else (0,):
        free = {dim: _allowed(free_sizes, limits.get(dim, (0, None)))[at] for dim in others}
        for batch in (count,) if signature.rowwise else (1, 2) if _has_batch(signature) else (1,):
            sizes = {dim: batch if dim in states else free[dim] for dim in others} | {BATCH: batch}
            columns = {
                spec.name: _tensor(spec, sizes, random, (bounds or {}).get(spec.name))
                for spec in signature.inputs
            }
            made.append(Rows(columns, batched=signature.rowwise))
    return made


def _allowed(sizes: tuple[int, int], limits: tuple[int, int | None]) -> tuple[int, int]:
    """Two different sizes within the limits, where there are two."""
    least, most = limits
    if least > sizes[0]:
        sizes = (least, least + sizes[1] - sizes[0])
    return sizes if most is None or most >= sizes[1] else (max(most // 2, least, 1), most)


def _has_batch(signature: Signature) -> bool:
    return any(BATCH in spec.shape for spec in signature.inputs)


def _tensor(spec: TensorSpec, sizes: dict[str, int], random: np.random.Generator, bound: int | None) -> Array:
    shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in spec.shape)
    dtype: Any = NUMPY_TYPES[spec.dtype]
    if dtype.kind == "f" and bound is None:
        return np.asarray(random.standard_normal(shape)).astype(dtype)
    if dtype.kind == "b":
        return np.asarray(random.random(shape) < 0.5)
    if dtype.kind == "O":
        return np.asarray(random.choice(np.array(["", "a", "text"], dtype=object), shape), dtype=object)
    return np.asarray(random.integers(0, bound or _LARGEST_WHOLE, shape)).astype(dtype)
