"""``python -m edge predict``: answers to rows as they come, in their order, in bounded memory."""

from __future__ import annotations

import os
import sys

from edge import exits
from edge.answers import WRITERS
from edge.lines import Lines
from edge.model import Model
from edge.output import Output, StreamError, say
from edge.records import HeaderError, Record, Table, read_records
from runtimes.core.errors import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import AbstractContextManager

    from edge.telemetry import Telemetry

    Answer = dict[str, object]

_STDIN = 0
_MOST_BYTES = 1 << 20
"""Of the lines that are answered together."""


class _StrictError(Exception):
    """A row was refused, and nothing after it is to be answered."""


def main(options: Namespace, output: Output) -> int:
    """Answer all inputs; the exit code says whether every row was answered."""
    with _telemetry(options) as telemetry, _open(options, telemetry) as model:
        stream = Stream(model, options, output)
        try:
            for path in options.files or ["-"]:
                _answer_file(stream, path)
        except (HeaderError, _StrictError) as error:
            say(f"error: {error}")
            return exits.ROWS
    if stream.refused:
        say(f"{stream.refused} of {stream.seen} were refused; each error stands in its row's place")
    return exits.ROWS if stream.refused else exits.DONE


def _open(options: Namespace, telemetry: Telemetry | None) -> Model:
    return Model.open(options.bundle, threads=options.threads, telemetry=telemetry)


def _telemetry(options: Namespace) -> AbstractContextManager[Telemetry | None]:
    """What counts the requests, where it is asked for."""
    if options.telemetry is None:
        from contextlib import nullcontext

        return nullcontext()
    from edge.telemetry import Telemetry

    return Telemetry(options.telemetry)


class Stream:
    """Answers the records of its inputs, and counts them."""

    def __init__(self, model: Model, options: Namespace, output: Output) -> None:
        limits = model.bundle.manifest.limits
        self._model = model
        self._options = options
        self._output = output
        self._writer = WRITERS[options.output](model.bundle.manifest.signature)
        self._table = Table(options.delimiter, not options.no_header)
        self._most_rows = min(options.batch, limits.max_rows)
        self._most_line_bytes = limits.max_body_bytes
        self.seen = 0
        self.refused = 0

    def answer(self, descriptor: int, name: str) -> None:
        """Answer all records of one input. What is there is answered before more is waited for."""
        lines = Lines(descriptor, name, self._most_line_bytes)
        signature = self._model.bundle.manifest.signature
        batch: list[Record] = []
        size_bytes = 0
        for record in read_records(lines, signature, name, self._options.format, self._table):
            batch.append(record)
            size_bytes += record.size_bytes
            if len(batch) >= self._most_rows or size_bytes >= _MOST_BYTES or lines.waits:
                self._settle(batch, name)
                batch, size_bytes = [], 0
        self._settle(batch, name)

    def _settle(self, batch: list[Record], name: str) -> None:
        """Answer some records together and write their lines, whatever befalls those after them."""
        texts = [self._writer.header] if batch and not self.seen else []
        try:
            answers = self._answers([record for record in batch if record.kind == "row"])
            for record in batch:
                self.seen += 1
                answer = answers.pop() if record.kind == "row" else self._alone(record)
                if "error" in answer:
                    answer = self._refuse(answer, record.line, name)
                texts.append(self._writer.line(answer))
        finally:
            self._output.write("".join(texts))

    def _answers(self, records: list[Record]) -> list[Answer]:
        """The answers to rows, the first one last."""
        if not records:
            return []
        try:
            answers = self._model.answer_rows([record.value for record in records])
        except RequestError as error:  # of a model that takes no rows
            answers = [error.document() for _ in records]
        located = [_located(answer, place, records[place].line) for place, answer in enumerate(answers)]
        return located[::-1]

    def _alone(self, record: Record) -> Answer:
        """The answer to a request document, or why there is none."""
        if record.error is not None:
            return record.error.document()
        if self._options.output != "jsonl":
            return RequestError("a request document is answered in JSON: take --output jsonl").document()
        try:
            return self._model.answer(record.value)
        except RequestError as error:
            return error.document()

    def _refuse(self, answer: Answer, line: int, name: str) -> Answer:
        """An error as it stands in the answers: with the line that it is about, and the file of several."""
        self.refused += 1
        detail = answer["error"]
        found = (
            {key: value for key, value in detail.items() if key != "index"}
            if isinstance(detail, dict)
            else {}
        )
        several = len(self._options.files) > 1
        if self._options.strict:
            raise _StrictError(f"{name}, line {line}: {found['message']}")
        return {"error": {**found, "line": line, **({"file": name} if several else {})}}


def _located(answer: Answer, place: int, line: int) -> Answer:
    """An error speaks of lines, not of places in the rows that happened to be answered together."""
    detail = answer.get("error")
    if not isinstance(detail, dict):
        return answer
    here = f"instances[{place}]"
    field = str(detail["field"] or "")
    within = field[len(here) :].lstrip(".") if field.startswith(here) else field
    message = str(detail["message"]).replace(here, f"line {line}")
    return {"error": {**detail, "message": message, "field": within or None}}


def _answer_file(stream: Stream, path: str) -> None:
    if path == "-":
        if sys.stdin is None:
            raise StreamError("stdin is closed: name a file, or pipe rows into this command")
        if sys.stdin.isatty():
            say("reading rows from this terminal; Ctrl-D ends them")
        stream.answer(_STDIN, "stdin")
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StreamError(f"{path} cannot be read: {error.strerror}") from None
    try:
        stream.answer(descriptor, path)
    finally:
        os.close(descriptor)
