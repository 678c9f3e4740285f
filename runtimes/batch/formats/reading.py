"""What the readers of files in columns share: foreign errors become ours, and a block is bounded in bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.stores.disk import failure
from runtimes.batch.work import InputFile, Place

BLOCK_BYTES = 8 << 20
"""A block is at most about this large: rows may be pictures, and several blocks are under way at once."""


@contextmanager
def reading(file: InputFile, kind: str) -> Iterator[None]:
    """Whatever Arrow says of a file that it cannot read becomes a sentence that names the file."""
    try:
        yield
    except MemoryError as error:
        raise TryAgainError(
            f"memory ran out while {file.uri} was read",
            "give the job more memory, fewer --threads, or files with smaller pages and record batches",
        ) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise failure(error, file.uri) from error
        raise damaged(file, kind, _sentence(error)) from error


def _sentence(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".: ") or type(error).__name__


def damaged(file: InputFile, kind: str, reason: str, hint: str = "") -> JobError:
    """The refusal of a file that is not what it should be."""
    return JobError(
        f"{file.uri} cannot be read as {kind}: {reason}",
        hint or "check that it was written and copied as a whole, or write it again",
    )


def check_names(file: InputFile, names: list[str]) -> None:
    """Columns are found by name: two of one name would leave open which is meant."""
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1}) if len(names) < 5000 else []
        which = f": {', '.join(twice[:10])}" if twice else ""
        raise JobError(f"{file.uri} has several columns of one name{which}", "rename them: names must differ")


def unproven(schema: pa.Schema) -> list[int]:
    """The columns that can be wrong within: numbers are what they are."""
    return [place for place, kind in enumerate(schema.types) if not pa.types.is_primitive(kind)]


def check_values(file: InputFile, kind: str, batch: pa.RecordBatch, places: list[int]) -> None:
    """Texts are UTF-8, indexes are in the dictionary, offsets point to where something is: Arrow takes all of
    it on trust from the file, and what is wrong would end the process later."""
    batch.validate()
    for place in places:
        try:
            batch.column(place).validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
            name = batch.schema.names[place]
            raise damaged(file, kind, f"in its column {name}, {_sentence(error)}") from error


def bounded_rows(rows: int, row_bytes: float) -> int:
    """How many rows make a block: what was asked for, or as many as the bytes allow."""
    return max(1, min(rows, int(BLOCK_BYTES / max(row_bytes, 1e-9))))


class Numbered:
    """The places of the rows of a block, counted from the first row of the file."""

    __slots__ = ("_first",)

    def __init__(self, first: int) -> None:
        self._first = first

    def __call__(self, row: int) -> Place:
        return Place(row=self._first + row)
