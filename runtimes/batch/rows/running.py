"""Tensors through the engine: all rows at once, in runs of a fixed size, or one by one.

What the model itself refuses is halved until the guilty row stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtimes.batch.rows.memory import joined, rows_of
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.predictor import Predictor
from runtimes.core.shapes import BATCH, batch_of
from runtimes.core.tensors import Tensor


@dataclass(frozen=True)
class Run:
    """What the engine gave for so many rows; perhaps more at the end, for copies."""

    rows: int
    outputs: list[Tensor]


@dataclass(frozen=True)
class RefusedRun:
    """A row that the model cannot process."""

    row: int
    message: str


class Running:
    """Runs tensors that have been checked. Safe from several threads, as the engines are."""

    def __init__(self, predictor: Predictor) -> None:
        signature = predictor.manifest.signature
        self._predictor = predictor
        self._fixed = batch_of(signature)
        # An output that is not one entry for each row speaks of all rows of its run.
        apart = any(spec.shape[:1] != (self._fixed,) for spec in signature.outputs)
        self._size = self._fixed if isinstance(self._fixed, int) else 1 if apart else None
        self._by_row = [at for at, spec in enumerate(signature.outputs) if spec.shape[:1] == (self._fixed,)]

    def run(self, tensors: list[Tensor]) -> tuple[list[Run], list[RefusedRun]]:
        """The answers in the order of the rows, and which rows have none."""
        count = tensors[0].shape[0]
        runs: list[Run] = []
        refused: list[RefusedRun] = []
        step = self._size or count
        for start in range(0, count, step):
            stop = min(start + step, count)
            self._settle(tensors, start, stop, runs, refused)
        return self._together(runs), refused

    def _together(self, runs: list[Run]) -> list[Run]:
        """The runs as one, where each row has its own part of every output, and all parts one shape."""
        shapes = {tuple([tensor.shape[1:] for tensor in run.outputs]) for run in runs}
        if len(runs) < 2 or len(shapes) > 1 or len(self._by_row) < len(runs[0].outputs):
            return runs
        outputs = [joined([rows_of(run.outputs[at], 0, run.rows) for run in runs]) for at in self._by_row]
        return [Run(sum(run.rows for run in runs), outputs)]

    def _settle(
        self, tensors: list[Tensor], start: int, stop: int, runs: list[Run], refused: list[RefusedRun]
    ) -> None:
        try:
            runs.append(Run(stop - start, self._execute(tensors, start, stop)))
        except RequestError as error:
            if stop - start == 1:
                refused.append(RefusedRun(start, error.message))
                return
            middle = (start + stop) // 2
            self._settle(tensors, start, middle, runs, refused)
            self._settle(tensors, middle, stop, runs, refused)

    def _execute(self, tensors: list[Tensor], start: int, stop: int) -> list[Tensor]:
        if (start, stop) != (0, tensors[0].shape[0]):
            tensors = [rows_of(tensor, start, stop) for tensor in tensors]
        if self._fixed != BATCH and stop - start < int(self._fixed or 1):
            tensors = [_filled(tensor, int(self._fixed or 1)) for tensor in tensors]
        outputs = self._predictor.execute(tensors)
        for at in self._by_row:
            if outputs[at].shape[:1] != tensors[0].shape[:1]:
                shape, rows = list(outputs[at].shape), tensors[0].shape[0]
                name = self._predictor.manifest.signature.outputs[at].name
                raise ModelError(f"the model gave {name} of the shape {shape} for {rows} rows")
        return outputs


def _filled(tensor: Tensor, count: int) -> Tensor:
    """The rows with copies of the last one behind them, whose answers are dropped."""
    missing = count - tensor.shape[0]
    last = rows_of(tensor, tensor.shape[0] - 1, tensor.shape[0])
    shape = (count, *tensor.shape[1:])
    if isinstance(tensor.data, list) and isinstance(last.data, list):
        return Tensor(tensor.dtype, shape, tensor.data + last.data * missing)
    return Tensor(tensor.dtype, shape, tensor.to_bytes() + last.to_bytes() * missing)
