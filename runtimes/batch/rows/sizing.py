"""How many rows go through the model at once: it follows from the signature and the memory limit alone."""

from __future__ import annotations

from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import DTYPES

MOST = 16_384
"""Beyond this an engine is no quicker, and a stop takes longer to be noticed."""

_MOST_OF_SEQUENCES = 64
"""Of rows of any length, which are what large nets take: they are as quick by few, and each run is long."""
_BYTES_OF_TEXT = 128
_FREE_SIZE = 128
"""What a free dimension is taken for, unless the model limits it to less."""
_SHARE = 16
"""A batch's columns, tensors and answers take at most this part of the memory: several are under way."""
_WITHIN = 4
"""What a model over images or sequences takes while it runs, in sizes of its input."""


def batch_rows(signature: Signature, memory_mb: int) -> int:
    """A power of two, at most 16,384."""
    inputs = sum(_bytes(spec) * (_WITHIN if len(spec.shape) > 2 else 1) for spec in signature.inputs)
    row = inputs + sum(_bytes(spec) for spec in signature.outputs)
    free = [dim for spec in signature.inputs for dim in spec.shape[1:] if isinstance(dim, str)]
    rows = _MOST_OF_SEQUENCES if free else MOST
    while rows > 1 and rows * row * _SHARE > memory_mb * 1_000_000:
        rows //= 2
    return rows


def _bytes(spec: TensorSpec) -> int:
    """Of one row, as a column of doubles and as a tensor."""
    count = 1
    for dim in spec.shape[1:]:
        count *= (
            dim if isinstance(dim, int) else min(_FREE_SIZE, spec.limits.get(dim, (0, None))[1] or _FREE_SIZE)
        )
    return count * (_BYTES_OF_TEXT if spec.dtype == "string" else 8 + DTYPES[spec.dtype][1])
