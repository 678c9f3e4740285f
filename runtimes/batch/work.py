"""The values that the rooms of a job pass on: input files, shards, blocks of rows, rows that were refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class InputFile:
    """One file of the input.

    ``uri``: ``s3://bucket/key``, or an absolute path. ``compression``: "", "gzip" or "zstd" (of text alone).
    ``version`` tells this content from any other: of S3 the ETag, of a local file a digest of its size, its
    time of change, its beginning and its end.
    """

    uri: str
    format: str
    compression: str
    size_bytes: int
    version: str


@dataclass(frozen=True)
class Cut:
    """A part of a file that is read by itself, in the format's own units.

    ``start`` to ``stop``: row groups of Parquet, record batches of Arrow, rows of NPY, bytes of text (of
    compressed text the whole file). ``first_row``: the number of its first row in the file, from 0, and
    ``rows`` how many there are, where the file says so without being read (text: None).
    ``spans``: the (offset, length) of the bytes of the file that reading it needs.
    """

    start: int
    stop: int
    first_row: int | None
    rows: int | None
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Described:
    """A file as its format sees it: its columns with their types, and where it may be cut."""

    schema: pa.Schema
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Shard:
    """One part of the work: a range of one file. Its output appears whole or not at all.

    ``identity``: SHA-256 (hex) of the model's digest, what shapes the answers, the file's version and the
    range.
    """

    index: int
    file: InputFile
    cut: Cut
    identity: str


@dataclass(frozen=True)
class Place:
    """Where a row stands in its file: its number from 0, or for text the byte that it begins at (of
    compressed text: of the content), and the line from 1 where it is known."""

    row: int | None = None
    offset: int | None = None
    line: int | None = None


@dataclass(frozen=True)
class DeadLetter:
    """A row that has no answer. ``reason`` is a code (docs/contracts.md), ``message`` a sentence, ``record``
    the line as it stands in the file, or the row's values by column."""

    place: Place
    column: str | None
    reason: str
    message: str
    record: object


@dataclass(frozen=True)
class Refused:
    """A row of a batch that the model does not take; ``row`` is its place in the batch."""

    row: int
    column: str | None
    reason: str
    message: str


@dataclass
class Block:
    """Rows that were read together, in the order of the file.

    ``batch`` has the wanted columns under the names that they have in the file. ``broken``: what could not
    be read as a row at all; ``before[i]``: how many rows of ``batch`` stand before ``broken[i]``. ``place``
    finds the place of a row of ``batch``, ``record`` (text alone) its line.
    """

    batch: pa.RecordBatch
    place: Callable[[int], Place]
    broken: list[DeadLetter] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    record: Callable[[int], object] | None = None


@dataclass(frozen=True)
class Wanted:
    """What to read of a file: columns by name, each with the Arrow type to read text as (None: as the file
    has it; CSV then gives texts), at most ``rows`` at once. ``missing``: texts that stand for a missing value
    where no text is expected."""

    columns: dict[str, pa.DataType | None]
    rows: int
    delimiter: str = ","
    header: bool = True
    newlines_in_values: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predicted:
    """A batch answered: the columns of the answers, one row for each that was taken, which ``taken`` lists by
    their places in the batch (None: all), and those that were refused, in order."""

    answers: pa.RecordBatch
    taken: pa.Array | None
    refused: list[Refused]
