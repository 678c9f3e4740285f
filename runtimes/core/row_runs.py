"""Rows through the engine: all in one run, in runs of a fixed size, or each with its own answer or error."""

from __future__ import annotations

from runtimes.core.answers import AnswerWriter
from runtimes.core.errors import RequestError
from runtimes.core.rows import RowReader
from runtimes.core.shapes import BATCH, batch_of
from runtimes.core.signature import Signature
from runtimes.core.tensors import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Execute = Callable[[list[Tensor]], list[Tensor]]
    Answer = dict[str, object]

_PLURAL = {"prediction": "predictions"}
_FIELD = "instances"


class RowRuns:
    """Answers rows for one signature by ``execute``, which runs the engine."""

    __slots__ = ("_answers", "_apart", "_batch", "_execute", "_reader")

    def __init__(self, signature: Signature, answers: AnswerWriter, execute: Execute) -> None:
        self._batch = batch_of(signature)
        # An output that is not one entry for each row speaks of all rows of its run.
        self._apart = bool([True for spec in signature.outputs if spec.shape[:1] != (self._batch,)])
        self._reader = RowReader(signature)
        self._answers = answers
        self._execute = execute

    def together(self, rows: list[object], field: str, first: int | None) -> Answer:
        """One answer for all rows; the first row that does not fit refuses them all."""
        self._check_batched(field)
        if self._batch == BATCH:
            return self._answers.whole(self._execute(self._reader.read(rows, field, first)))
        return _joined(self._by_row(rows, field, first))

    def read_together(self, rows: list[object], field: str, first: int | None) -> list[Tensor]:
        """The tensors of all rows, where one run takes any number of them."""
        self._check_batched(field)
        if self._batch != BATCH:
            message = "rows of this model are answered one by one, in JSON; send inputs to have tensors back"
            raise RequestError(message, field=field, code="no_rows")
        return self._reader.read(rows, field, first)

    def each(self, rows: list[object]) -> list[Answer]:
        """For each row its own answer or error. Rows that fit go through the engine together, where each
        has its own part of every output."""
        self._check_batched(_FIELD)
        try:
            return self._by_row(rows, _FIELD, 0)
        except RequestError:
            results: list[Answer] = [{} for _ in rows]
            for indexes in self._fitting(rows, results):
                self._settle(rows, indexes, results)
            return results

    def _fitting(self, rows: list[object], results: list[Answer]) -> list[list[int]]:
        """The rows that can be read, those of one shape together; the others get their error."""
        groups: dict[object, list[int]] = {}
        copies = self._batch if isinstance(self._batch, int) else 1
        for index, row in enumerate(rows):
            try:
                tensors = self._reader.read([row] * copies, _FIELD, index)
            except RequestError as error:
                results[index] = error.document()
            else:
                groups.setdefault(tuple([tensor.shape for tensor in tensors]), []).append(index)
        return list(groups.values())

    def _settle(self, rows: list[object], indexes: list[int], results: list[Answer]) -> None:
        """Run these rows together; when the model refuses them, halve them until the guilty one is alone."""
        try:
            answers = self._by_row([rows[index] for index in indexes], _FIELD, indexes[0])
        except RequestError as error:
            if len(indexes) > 1:
                middle = len(indexes) // 2
                self._settle(rows, indexes[:middle], results)
                self._settle(rows, indexes[middle:], results)
                return
            error.field, error.index = f"{_FIELD}[{indexes[0]}]", indexes[0]
            results[indexes[0]] = error.document()
        else:
            for index, answer in zip(indexes, answers):
                results[index] = answer

    def _by_row(self, rows: list[object], field: str, first: int | None) -> list[Answer]:
        size = self._batch if isinstance(self._batch, int) else 1 if self._apart else len(rows)
        answers: list[Answer] = []
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            # A model of a fixed batch gets its last rows filled up with copies, whose answers are dropped.
            filled = some + some[-1:] * (size - len(some))
            outputs = self._execute(
                self._reader.read(filled, field, None if first is None else first + start)
            )
            answers += self._answers.by_row(outputs, size)[: len(some)]
        return answers

    def _check_batched(self, field: str) -> None:
        if self._batch is None:
            message = "this model does not take rows, since its tensors have no batch in common; send inputs"
            raise RequestError(message, field=field, code="no_rows")


def _joined(rows: list[Answer]) -> Answer:
    together: Answer = {
        _PLURAL.get(key, key): [row[key] for row in rows] for key in rows[0] if key != "outputs"
    }
    others = [row["outputs"] for row in rows if isinstance(row.get("outputs"), dict)]
    if others:
        names = list(others[0])  # type: ignore[call-overload]
        together["outputs"] = {name: [other[name] for other in others] for name in names}  # type: ignore[index]
    return together
