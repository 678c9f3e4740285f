"""The output of one shard: answers and dead letters in the order of the input, which appear whole or not."""

from __future__ import annotations

import heapq
import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any

import pyarrow as pa

from runtimes.batch import writers
from runtimes.batch.errors import JobError
from runtimes.batch.ledger import Done, dead_letter_name, part_name
from runtimes.batch.opened import Opened, Way, digest_of
from runtimes.batch.work import Block, DeadLetter, Predicted, Refused, Shard


class ShardOutput:
    """Written by one thread, block after block; then closed, and published."""

    def __init__(self, opened: Opened, shard: Shard, way: Way) -> None:
        job = opened.job
        self.shard = shard
        self._opened = opened
        self._folder = opened.output.folder(job.output)
        self._part = part_name(shard, writers.SUFFIXES[job.output_format])
        self._letters: IO[str] | None = None
        self._rows_in = self._rows_out = 0
        self._reasons: Counter[str] = Counter()
        self._writer = writers.open_writer(job.output_format, self._path(self._part), way.binding.answers)

    def add(self, block: Block, predicted: Predicted) -> int:
        """The next block of the shard; how many rows it had."""
        given: int = block.batch.num_rows
        answered: int = predicted.answers.num_rows
        if answered + len(predicted.refused) != given:
            raise JobError(f"of {given} rows {answered} were answered and {len(predicted.refused)} refused")
        if answered:
            self._writer.write(predicted.answers)
        rows = given + len(block.broken)
        if rows > answered:
            self._set_aside(block, predicted.refused)
        self._rows_in += rows
        self._rows_out += answered
        return rows

    def close(self) -> None:
        """After the last block: what was written is whole."""
        self._writer.close()
        if self._letters is not None:
            self._letters.close()
        expected = self.shard.cut.rows
        if expected is not None and expected != self._rows_in:
            raise JobError(
                f"{self.shard.file.uri} has {self._rows_in} rows where it says that it has {expected}",
                "write the file again: it is damaged, or was changed meanwhile",
            )

    def publish(self) -> Done:
        """Let the output appear: dead letters, answers, and last the marker that says so."""
        letters, letters_sha256 = None, None
        if self._letters is not None:
            letters = dead_letter_name(self.shard)
            letters_sha256, _ = self._appear(os.path.basename(letters), letters)
        sha256, size_bytes = self._appear(self._part, self._part)
        done = Done(
            shard=self.shard.index,
            identity=self.shard.identity,
            part=self._part,
            sha256=sha256,
            size_bytes=size_bytes,
            rows_in=self._rows_in,
            rows_out=self._rows_out,
            dead_letters=sum(self._reasons.values()),
            reasons=dict(sorted(self._reasons.items())),
            dead_letter_file=letters,
            dead_letter_sha256=letters_sha256,
        )
        self._opened.ledger.mark(done)
        return done

    def abandon(self) -> None:
        """Leave nothing of it."""
        self._writer.abandon()
        if self._letters is not None:
            self._letters.close()
            os.unlink(self._letters.name)

    def _appear(self, name: str, place: str) -> tuple[str, int]:
        path = self._path(name)
        sha256, size_bytes = digest_of(path), os.stat(path).st_size
        self._opened.output.publish(path, f"{self._opened.job.output}/{place}", sha256)
        return sha256, size_bytes

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _set_aside(self, block: Block, refused: list[Refused]) -> None:
        if self._letters is None:
            path = self._path(os.path.basename(dead_letter_name(self.shard)))
            self._letters = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        for letter in _in_order(block, refused):
            self._reasons[letter.reason] += 1
            self._letters.write(_line(self.shard, letter))


def _in_order(block: Block, refused: list[Refused]) -> Iterator[DeadLetter]:
    """Broken lines and refused rows as they stand in the file: ``before`` rows precede a broken line."""
    broken = ((before, 0, letter) for before, letter in zip(block.before, block.broken, strict=True))
    rows = ((one.row, 1, _dead(block, one)) for one in refused)
    return (letter for _, _, letter in heapq.merge(broken, rows, key=lambda found: found[:2]))


def _dead(block: Block, refused: Refused) -> DeadLetter:
    row = refused.row
    record = block.record(row) if block.record else _record(block.batch, row)
    return DeadLetter(block.place(row), refused.column, refused.reason, refused.message, record)


def _record(batch: pa.RecordBatch, row: int) -> dict[str, Any]:
    return {name: _value(column[row]) for name, column in zip(batch.schema.names, batch.columns, strict=True)}


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, ImportError):  # nanoseconds: Python's own times have none
        return str(scalar)


def _line(shard: Shard, letter: DeadLetter) -> str:
    document = {
        "file": shard.file.uri,
        **asdict(letter.place),
        "column": letter.column,
        "reason": letter.reason,
        "message": letter.message,
        "record": _plain(letter.record),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    """As JSON has it: what it has not is the text that Python writes of it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "backslashreplace")
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
