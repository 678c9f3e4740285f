"""A batch of columns through the model: what is taken is answered, and the rest is refused row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from runtimes.batch.rows.answering import Answers
from runtimes.batch.rows.binding import Binding
from runtimes.batch.rows.features import Features, Joined
from runtimes.batch.rows.groups import Groups
from runtimes.batch.rows.kinds import moved
from runtimes.batch.rows.lists import Lists
from runtimes.batch.rows.memory import places_but
from runtimes.batch.rows.running import Running
from runtimes.batch.work import Predicted, Refused
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor


class Reader(Protocol):
    """From columns to tensors."""

    def read(self, batch: pa.RecordBatch) -> list[Tensor] | None:
        """The tensors of rows that are all taken, and of one shape; None where a closer look is needed."""

    def sort(self, batch: pa.RecordBatch) -> tuple[Sequence[pa.Array], list[Refused]]:
        """The places of the rows that are taken, those of one shape together, and the rows that are not."""

    def pack(self, batch: pa.RecordBatch) -> list[Tensor]:
        """The tensors of rows that were sorted."""


class Rows:
    """One open model over the columns of one file. Safe from several threads."""

    def __init__(self, binding: Binding, predictor: Predictor) -> None:
        self._binding = binding
        self._answers = Answers(binding.signature)
        self._reader = _reader(binding)
        self._read = sorted(binding.read)
        self._running = Running(predictor)

    def predict(self, batch: pa.RecordBatch) -> Predicted:
        """The answers to all rows that the function would take, with the columns that are kept."""
        if not batch.num_rows:
            return Predicted(_empty(self._binding.answers), None, [])
        if self._binding.rigid:
            batch = _with_movable(batch, self._binding.rigid)
        read = _without_missing(batch, self._binding.missing) if self._binding.missing else batch
        tensors = self._reader.read(read)
        if tensors is not None:
            columns, unanswered = self._run(tensors)
            if not unanswered:
                return Predicted(self._written(batch, columns), None, [])
            taken = _answered(batch.num_rows, unanswered)
            return Predicted(self._written(batch, columns, taken), taken, _sorted(unanswered))
        return self._predict_sorted(batch, read)

    def _predict_sorted(self, batch: pa.RecordBatch, read: pa.RecordBatch) -> Predicted:
        groups, refused = self._reader.sort(read)
        places, parts = [], []
        for group in groups:
            columns, unanswered = self._run(self._reader.pack(read.select(self._read).take(group)))
            refused += [_moved(one, group[one.row].as_py()) for one in unanswered]
            places.append(group.take(_answered(len(group), unanswered)) if unanswered else group)
            parts.append(columns)
        if not parts:
            return Predicted(_empty(self._binding.answers), pa.array([], pa.int64()), _sorted(refused))
        taken, columns = _joined(places, parts)
        return Predicted(self._written(batch, columns, taken), taken, _sorted(refused))

    def _run(self, tensors: list[Tensor]) -> tuple[list[pa.Array], list[Refused]]:
        """The columns of the answers, and the rows that have none."""
        runs, unanswered = self._running.run(tensors)
        parts = [self._answers.columns(run.outputs, run.rows) for run in runs]
        refused = [Refused(one.row, None, "refused_by_model", one.message) for one in unanswered]
        if len(parts) == 1:
            return parts[0], refused
        if not parts:
            return [pa.array([], field.type) for field in self._answers.fields], refused
        return [pa.concat_arrays(column) for column in zip(*parts)], refused

    def _written(
        self, batch: pa.RecordBatch, columns: list[pa.Array], taken: pa.Array | None = None
    ) -> pa.RecordBatch:
        """The answers beside the columns that are kept, of the rows that were taken (None: all)."""
        kept = [batch.column(name) for name in self._binding.kept]
        kept = kept if taken is None else [column.take(taken) for column in kept]
        return pa.RecordBatch.from_arrays([*kept, *columns], schema=self._binding.answers)


def _reader(binding: Binding) -> Reader:
    signature, columns = binding.read_as, binding.columns
    if binding.joined is not None:
        return Joined(binding.signature, binding.joined)
    if signature.features:
        return Features(signature, columns, are_named=bool(binding.signature.features))
    return Groups([Lists(spec, columns[spec.name]) for spec in signature.inputs])


def _without_missing(batch: pa.RecordBatch, missing: dict[str, list[str]]) -> pa.RecordBatch:
    """With these texts of these columns as missing values."""
    columns = dict(zip(batch.schema.names, batch.columns))
    for name, stand_ins in missing.items():
        texts = columns[name]
        is_missing = pc.is_in(texts, pa.array(stand_ins, texts.type))
        columns[name] = pc.if_else(is_missing, pa.scalar(None, texts.type), texts)
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def _with_movable(batch: pa.RecordBatch, rigid: set[str]) -> pa.RecordBatch:
    names = batch.schema.names
    columns = [moved(column) if name in rigid else column for name, column in zip(names, batch.columns)]
    return pa.RecordBatch.from_arrays(columns, names)


def _joined(places: list[pa.Array], parts: list[list[pa.Array]]) -> tuple[pa.Array, list[pa.Array]]:
    """The answers of all groups in the order of their rows."""
    if len(parts) == 1:
        return places[0], parts[0]
    every = pa.concat_arrays(places)
    order = pc.sort_indices(every)
    return every.take(order), [pa.concat_arrays(column).take(order) for column in zip(*parts)]


def _answered(count: int, refused: list[Refused]) -> pa.Array:
    return places_but(count, [one.row for one in refused])


def _moved(refused: Refused, row: int) -> Refused:
    return Refused(row, refused.column, refused.reason, refused.message)


def _sorted(refused: list[Refused]) -> list[Refused]:
    return sorted(refused, key=lambda one: one.row)


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
