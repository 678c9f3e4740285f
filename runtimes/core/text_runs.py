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
    lengths = _lengths(tensors)
    if len(lengths) * max(lengths, default=0) <= MOST_CHARACTERS:
        return [0]
    starts, longest, most = [0], 0, len(lengths)
    for row, own in enumerate(lengths):
        if own > longest:
            longest, most = own, MOST_CHARACTERS // own
        if row - starts[-1] >= most and row > starts[-1]:
            starts.append(row)
            longest, most = own, MOST_CHARACTERS // own if own else len(lengths)
    return starts


def _lengths(tensors: list[Tensor]) -> list[int]:
    """The longest text of each row."""
    count = tensors[0].shape[0]
    found: list[int] = []
    for texts in [tensor.data for tensor in tensors if isinstance(tensor.data, list)]:
        width = len(texts) // (count or 1)
        for column in range(width):
            own = list(map(len, texts[column::width]))
            found = list(map(max, found, own)) if found else own
    return found


def _rows(tensor: Tensor, start: int, stop: int) -> Tensor:
    data = tensor.data if isinstance(tensor.data, list) else tensor.to_bytes()
    width = len(data) // tensor.shape[0]
    return Tensor(tensor.dtype, (stop - start, *tensor.shape[1:]), data[start * width : stop * width])


def _joined(parts: list[Tensor]) -> Tensor:
    shape = (sum([part.shape[0] for part in parts]), *parts[0].shape[1:])
    if isinstance(parts[0].data, list):
        return Tensor(parts[0].dtype, shape, [text for part in parts for text in part.data])  # type: ignore[misc]
    return Tensor(parts[0].dtype, shape, b"".join([part.to_bytes() for part in parts]))
