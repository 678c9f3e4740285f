"""Formats of the output. What a writer writes depends on the rows and their types alone: not on how the rows
came in batches, nor on when and where they were written."""

from __future__ import annotations

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

    def refusal(self, field: pa.Field) -> str | None:
        """Why a column cannot be written; its type is plain."""

    def open_writer(self, path: str, schema: pa.Schema) -> Writer:
        """Begin a file of this schema, which has been checked."""


def check(format: str, schema: pa.Schema) -> None:
    """JobError where the format cannot hold a column; asked before the first row."""
    module = _find(format)
    plain = plain_schema(schema)
    for field in plain:
        if schema.names.count(field.name) > 1:
            raise JobError(
                f"the output would have two columns {field.name}", "choose others with --keep or --prefix"
            )
        reason = module.refusal(field)
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


def _find(format: str) -> OutputFormat:
    return cast(OutputFormat, import_module(MODULES[format]))
