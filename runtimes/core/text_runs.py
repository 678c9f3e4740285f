"""Long texts a few rows at a time: a graph over texts fills up every text of a run to the longest of them."""

from __future__ import annotations

from runtimes.core.tensors import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Run = Callable[[list[Tensor]], list[Tensor]]

MOST_CHARACTERS = 30_000
"""Of one run: its rows times the longest text in it. A character takes about 80 bytes there, in pure Python
up to 500; larger runs are no quicker."""


def run(engine_run: Run, tensors: list[Tensor]) -> list[Tensor]:
    """The answers of a model whose rows know nothing of each other."""
    starts = _starts(tensors)
    if len(starts) == 1:
        return engine_run(tensors)
    stops = [*starts[1:], tensors[0].shape[0]]
    answers = [
        engine_run([_rows(tensor, start, stop) for tensor in tensors]) for start, stop in zip(starts, stops)
    ]
    return [_joined(list(parts)) for parts in zip(*answers)]


def _starts(tensors: list[Tensor]) -> list[int]:
    """Where each run begins."""
    count = tensors[0].shape[0]
    columns = [tensor.data for tensor in tensors if isinstance(tensor.data, list) and tensor.data]
    if (
        count < 2
        or count * max([len(text) for column in columns for text in column] or [0]) <= MOST_CHARACTERS
    ):
        return [0]
    starts, longest = [0], 0
    for row in range(count):
        own = max([_longest(column, row, len(column) // count) for column in columns])
        if row > starts[-1] and (row + 1 - starts[-1]) * max(longest, own) > MOST_CHARACTERS:
            starts.append(row)
            longest = 0
        longest = max(longest, own)
    return starts


def _longest(column: list[str], row: int, width: int) -> int:
    return max([len(text) for text in column[row * width : (row + 1) * width]])


def _rows(tensor: Tensor, start: int, stop: int) -> Tensor:
    data = tensor.data if isinstance(tensor.data, list) else tensor.to_bytes()
    width = len(data) // tensor.shape[0]
    return Tensor(tensor.dtype, (stop - start, *tensor.shape[1:]), data[start * width : stop * width])


def _joined(parts: list[Tensor]) -> Tensor:
    shape = (sum([part.shape[0] for part in parts]), *parts[0].shape[1:])
    if isinstance(parts[0].data, list):
        return Tensor(parts[0].dtype, shape, [text for part in parts for text in part.data])  # type: ignore[misc]
    return Tensor(parts[0].dtype, shape, b"".join([part.to_bytes() for part in parts]))
