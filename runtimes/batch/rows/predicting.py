"""A batch of columns through the model: what is taken is answered, and the rest is refused row by row."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.rows.answering import Answers
from runtimes.batch.rows.binding import Binding
from runtimes.batch.rows.columns import Column
from runtimes.batch.rows.running import Running
from runtimes.batch.rows.table import Table
from runtimes.batch.work import Predicted, Refused
from runtimes.core.predictor import Predictor
from runtimes.core.signature import Signature
from runtimes.core.tensors import Tensor


class Rows:
    """One open model over the columns of one file. Safe from several threads."""

    def __init__(self, binding: Binding, predictor: Predictor) -> None:
        self._binding = binding
        self._answers = Answers(binding.signature)
        self._tables = _tables(binding.signature, binding.columns)
        self._running = Running(predictor)

    def predict(self, batch: pa.RecordBatch) -> Predicted:
        """The answers to all rows that the function would take, with the columns that are kept."""
        refused: list[Refused] = []
        taken: pa.Array | None = None
        if batch.num_rows:
            read = [table.read(batch) for table in self._tables]
            tensors = [tensor for tensor in read if tensor is not None]
            if len(tensors) < len(read):
                refused = self._refusals(batch)
                taken = _without(batch.num_rows, refused)
                batch = batch if taken is None else batch.take(taken)
                tensors = [table.pack(batch) for table in self._tables] if batch.num_rows else []
        if not batch.num_rows:
            return Predicted(self._empty(), taken, refused)
        return self._answered(batch, tensors, taken, refused)

    def _refusals(self, batch: pa.RecordBatch) -> list[Refused]:
        first: dict[int, Refused] = {}
        for table in self._tables:
            for found in table.refusals(batch):
                first.setdefault(found.row, found)
        return [first[row] for row in sorted(first)]

    def _answered(
        self, batch: pa.RecordBatch, tensors: list[Tensor], taken: pa.Array | None, refused: list[Refused]
    ) -> Predicted:
        runs, unanswered = self._running.run(tensors)
        parts = [self._answers.columns(run.outputs, run.stop - run.start) for run in runs]
        if unanswered:
            places = taken if taken is not None else pa.array(range(batch.num_rows), pa.int64())
            own = [Refused(places[no.row].as_py(), None, "refused_by_model", no.message) for no in unanswered]
            refused = sorted([*refused, *own], key=lambda one: one.row)
            answered = _without(batch.num_rows, [Refused(no.row, None, "", "") for no in unanswered])
            taken, batch = places.take(answered), batch.take(answered)
        if not parts:
            return Predicted(self._empty(), taken, refused)
        columns = parts[0] if len(parts) == 1 else [pa.concat_arrays(column) for column in zip(*parts)]
        kept = [batch.column(name) for name in self._binding.kept]
        answers = pa.RecordBatch.from_arrays([*kept, *columns], schema=self._binding.answers)
        return Predicted(answers, taken, refused)

    def _empty(self) -> pa.RecordBatch:
        return _empty(self._binding.answers)


def _tables(signature: Signature, columns: dict[str, str]) -> list[Table]:
    tables = []
    for spec in signature.inputs:
        mine = sorted(
            (one for one in signature.features if one.input == spec.name), key=lambda one: one.column
        )
        tables.append(Table(spec, [Column(one, columns[one.name], spec.dtype) for one in mine]))
    return tables


def _without(count: int, refused: list[Refused]) -> pa.Array | None:
    """The places that are left; None where that is all."""
    if not refused:
        return None
    gone = {one.row for one in refused}
    return pa.array([row for row in range(count) if row not in gone], pa.int64())


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
