"""Samples at other sizes: what a signature calls free must be seen at two values; samples often have one."""

import numpy as np

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.rows import Rows
from packager.converters.signature import BATCH, Signature
from packager.converters.source import Source

_ROWS = 3
Axis = tuple[str, int]


def other_sizes(source: Source, rows: Rows) -> tuple[list[Rows], list[str]]:
    """A few rows with each free size cut to a half (or by one); notes of sizes that could not be seen."""
    signature = source.signature
    if signature.features:
        return [], []
    some = rows.take(slice(0, _ROWS)) if rows.batched else rows
    made, notes = [], []
    for size, axes in _free(signature, some).items():
        shorter = (_resized(some, axes, other) for other in dict.fromkeys((size // 2, size - 1)) if other > 0)
        taken = next((one for one in shorter if _takes(source, one)), None)
        if taken is not None:
            made.append(taken)
        else:
            names = ", ".join(sorted({name for name, _ in axes}))
            notes.append(f"the model itself takes no smaller size than {size} of {names} with these samples")
    return made, notes


def _free(signature: Signature, rows: Rows) -> dict[int, list[Axis]]:
    """The free axes by their size in the samples: those of one size may have to agree."""
    found: dict[int, list[Axis]] = {}
    for spec in signature.inputs:
        for axis, dim in enumerate(spec.shape):
            size = rows.columns[spec.name].shape[axis]
            if isinstance(dim, str) and size > 1 and not (dim == BATCH and rows.batched):
                found.setdefault(size, []).append((spec.name, axis))
    return found


def _resized(rows: Rows, axes: list[Axis], size: int) -> Rows:
    columns = dict(rows.columns)
    for name, axis in axes:
        columns[name] = np.take(columns[name], np.arange(size), axis=axis)
    return Rows(columns, rows.batched)


def _takes(source: Source, rows: Rows) -> bool:
    try:
        with translated(ConversionError, "not taken"):
            source.answer(rows)
    except WorkerError:
        return False
    return True
