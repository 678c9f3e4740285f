"""A few rows of the user's samples as tensors: what a module without shapes is read with."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import SamplesError
from packager.converters.labels import take_labels
from packager.converters.request import Request
from packager.converters.samples import CHANNELS_LAST
from packager.converters.table import Table
from packager.converters.tensors import Array
from packager.converters.torch.arguments import Argument, Call, constant_of, wanted

# Two, since exporters bake a batch of one into the graph.
EXAMPLE_ROWS = 2


@dataclass(frozen=True, slots=True)
class Example:
    """``rowwise``: every tensor begins with the batch, and ``tensors`` are two rows; else whole inputs."""

    call: Call
    tensors: list[Any]
    rowwise: bool
    whole: list[Any]


def read_samples_table(request: Request, what: str) -> Table:
    if request.samples is None:
        raise SamplesError(
            f"{request.source.name} is {what}, which does not say the shapes of its inputs",
            hint="add sample rows: --samples rows.npz",
        )
    table, _ = take_labels(request)
    return table


def example_tensors(table: Table, arguments: list[Argument]) -> Example:
    import torch

    chosen = wanted(arguments, list(table.arrays or {}))
    arrays = dict(zip(chosen, _arrays(table, [argument.name for argument in chosen]), strict=True))
    constants = {a.name: constant_of(a, array) for a, array in arrays.items() if a.constant}
    given = {a: _plain(table, array) for a, array in arrays.items() if not a.constant}
    if not given:
        raise SamplesError(f"{table.name} holds no tensor that the model takes")
    counts = {len(array) if array.ndim else None for array in given.values()}
    rowwise = len(counts) == 1 and None not in counts
    whole = [torch.from_numpy(np.ascontiguousarray(array)) for array in given.values()]
    rows = [torch.from_numpy(_two_rows(array)) for array in given.values()] if rowwise else whole
    return Example(Call(tuple(given), constants), rows, rowwise, whole)


def as_whole_numbers(tensors: list[Any]) -> list[Any] | None:
    """Text files hold no dtypes: what the model does not take as fractions it may take as whole numbers."""
    import torch

    if any(tensor.is_floating_point() and bool((tensor % 1 != 0).any()) for tensor in tensors):
        return None
    return [tensor.to(torch.int64) if tensor.is_floating_point() else tensor for tensor in tensors]


def other_precisions(tensors: list[Any]) -> list[list[Any]]:
    """Models of double or half precision take no other; samples that hold no dtypes come as single."""
    import torch

    if not any(tensor.is_floating_point() for tensor in tensors):
        return []
    return [
        [tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in tensors]
        for dtype in (torch.float64, torch.float16)
    ]


def cures(tensors: list[Any]) -> list[tuple[str, list[Any]]]:
    """What pictures are often saved as, put right: whole numbers, channels last."""
    floats = [tensor.float() for tensor in tensors]
    first = [_channels_first(tensor) for tensor in tensors]
    fractions = "give float32 values, scaled as in training: the model takes no whole numbers there"
    return [
        (fractions, floats),
        (f"{CHANNELS_LAST}; the model takes them first: [batch, channels, height, width]", first),
        (f"{CHANNELS_LAST}; the model takes float32 values with them first", [t.float() for t in first]),
    ]


def _channels_first(tensor: Any) -> Any:
    return tensor.permute(0, 3, 1, 2) if tensor.dim() == 4 else tensor


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
    if array.dtype.kind not in "biuf" or array.size == 0:
        raise SamplesError(
            f"{table.name} holds an array of {array.dtype} and shape {list(array.shape)}, not rows of numbers"
        )
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _two_rows(array: Array) -> Array:
    return np.resize(array, (EXAMPLE_ROWS, *array.shape[1:]))
