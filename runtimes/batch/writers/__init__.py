"""Formats of the output. What a writer writes depends on the rows and their types alone: not on how the rows
came in batches, nor on when and where they were written."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import import_module
from typing import Protocol, cast

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.writers.plain import plain_schema

MODULES = {
    "parquet": "runtimes.batch.writers.parquet",
    "csv": "runtimes.batch.writers.csv",
    "jsonl": "runtimes.batch.writers.jsonl",
    "arrow": "runtimes.batch.writers.arrow",
}
SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "jsonl": ".jsonl", "arrow": ".arrow"}


class Writer(Protocol):
    """A file under way. After ``close`` it is whole; after ``abandon`` it is gone."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. TryAgainError where the disk does not take them."""

    def close(self) -> None:
        """Finish the file."""

    def abandon(self) -> None:
        """Remove the file; of a writer that failed, too."""


class OutputFormat(Protocol):
    """What a module of an output format has."""

    def refusal(self, kind: pa.DataType) -> str | None:
        """Why columns of a plain type cannot be written."""

    def open_writer(self, path: str, schema: pa.Schema) -> Writer:
        """Begin a file of this schema, which has been checked."""


def check(format: str, schema: pa.Schema) -> None:
    """JobError where the format cannot hold a column; asked before the first row."""
    twice = [name for name, count in Counter(schema.names).items() if count > 1]
    if twice:
        raise JobError(
            f"the output would have two columns {twice[0]}", "choose others with --keep, or name a --prefix"
        )
    for field in plain_schema(schema):
        reason = _refusal(format, field.type)
        if reason is not None:
            others = " or ".join(sorted(set(SUFFIXES) - {format}))
            raise JobError(
                f"the column {field.name} ({field.type}) cannot be written as {format}: {reason}",
                f"leave it out with --keep, or choose --output-format {others}",
            )


def open_writer(format: str, path: str, schema: pa.Schema) -> Writer:
    """Begin a file; JobError for a schema that ``check`` refuses."""
    check(format, schema)
    return _find(format).open_writer(path, schema)


@cache
def _refusal(format: str, kind: pa.DataType) -> str | None:
    """Asked of each type once: a file may have thousands of columns, and a job thousands of files."""
    return _find(format).refusal(kind)


def _find(format: str) -> OutputFormat:
    return cast(OutputFormat, import_module(MODULES[format]))
