"""Two rows of the user's samples as tensors: what a module without shapes is read with."""

from typing import Any

import numpy as np

from packager.converters.failure import SamplesError
from packager.converters.labels import take_labels
from packager.converters.request import Request
from packager.converters.table import Table
from packager.converters.tensors import Array


def example_tensors(request: Request, names: list[str], what: str) -> list[Any]:
    """Two rows, since exporters bake a batch of one into the graph."""
    import torch

    if request.samples is None:
        raise SamplesError(
            f"{request.source.name} is {what}, which does not say the shapes of its inputs",
            hint="add sample rows: --samples rows.npz",
        )
    table, _ = take_labels(request)
    arrays = _arrays(table, names)
    return [torch.from_numpy(np.ascontiguousarray(_two_rows(_plain(table, array)))) for array in arrays]


def _arrays(table: Table, names: list[str]) -> list[Array]:
    named = table.arrays or {}
    if set(names) <= set(named):
        return [named[name] for name in names]
    if len(names) != 1:
        raise SamplesError(
            f"{table.name} has no arrays {', '.join(names)}, which the model takes",
            hint="use an npz file with one array for each input",
        )
    if len(named) == 1:
        return list(named.values())
    if table.matrix is not None:
        return [table.matrix]
    columns = table.columns or {}
    try:
        return [np.array([[float(value) for value in column] for column in columns.values()]).T]
    except (TypeError, ValueError) as error:
        raise SamplesError(f"{table.name} holds values that are no numbers: {error}") from error


def _plain(table: Table, array: Array) -> Array:
    """Samples in csv and jsonl are doubles; models take single precision unless they say otherwise."""
    if array.dtype.kind not in "biuf" or array.ndim == 0 or len(array) == 0:
        raise SamplesError(
            f"{table.name} holds an array of {array.dtype} and shape {list(array.shape)}, not rows of numbers"
        )
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _two_rows(array: Array) -> Array:
    return array[:2] if len(array) > 1 else np.concatenate([array, array])
