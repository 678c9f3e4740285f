"""Sample files as they are: named columns, unnamed rows, or named arrays. Nothing in them is unpickled."""

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters import json_lines
from packager.converters.failure import SamplesError
from packager.converters.tensors import Array

_READERS_HINT = "samples are read from csv, parquet, npz, npy and jsonl files"
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_LARGEST_ARRAYS = 4 << 30


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: values by name. ``matrix``: one unnamed array. ``arrays``: arrays by input name.

    ``first_row`` is the place of the first row in the file, for messages.
    ``empty_is_missing``: the file has no other way to leave a text out.
    """

    name: str
    columns: dict[str, Sequence[Any]] | None = None
    matrix: Array | None = None
    arrays: dict[str, Array] | None = None
    first_row: int = 1
    empty_is_missing: bool = False


def read_table(path: Path) -> Table:
    """Reads by content first: the magic bytes of parquet, npz and npy; then jsonl, then csv."""
    if not path.is_file():
        raise SamplesError(f"There is no samples file {path.name}", hint="check the path")
    with path.open("rb") as file:
        head = file.read(64)
    if not head.strip():
        raise SamplesError(f"{path.name} is empty", hint=_READERS_HINT)
    if head.startswith(b"PAR1"):
        return _parquet(path)
    if head.startswith(b"PK\x03\x04"):
        return _npz(path)
    if head.startswith(b"\x93NUMPY"):
        return Table(path.name, matrix=_plain_array(path, path.name))
    if head.lstrip()[:1] in (b"{", b"["):
        return Table(path.name, **json_lines.read(path))
    return _csv(path)


def _parquet(path: Path) -> Table:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise SamplesError(
            f"{path.name} is a parquet file, and pyarrow is not installed", hint="pip install pyarrow"
        ) from error
    try:
        content = parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise SamplesError(f"{path.name} cannot be read as parquet: {error}") from error
    return Table(path.name, columns={name: content.column(name).to_pylist() for name in content.column_names})


def _npz(path: Path) -> Table:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            strangers = [name for name in archive.namelist() if not name.endswith(".npy")]
    except zipfile.BadZipFile as error:
        raise SamplesError(f"{path.name} is a damaged npz file: {error}") from error
    if strangers:
        kind = "an Excel workbook" if "xl/workbook.xml" in strangers else f"a zip that holds {strangers[0]!r}"
        raise SamplesError(f"{path.name} is {kind}, not an npz file of arrays", hint=_READERS_HINT)
    if size > _LARGEST_ARRAYS:
        raise SamplesError(f"{path.name} unpacks to {size:,} bytes, more than {_LARGEST_ARRAYS:,}")
    archive_of_arrays: Any = _plain_array(path, path.name)
    arrays = {}
    with archive_of_arrays:
        for name in archive_of_arrays.files:
            try:
                arrays[name] = np.asarray(archive_of_arrays[name])
            except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
                raise _unreadable(f"{path.name}:{name}", error) from error
    return Table(path.name, arrays=arrays)


def _plain_array(path: Path, name: str) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> SamplesError:
    if "allow_pickle" in str(error):
        return SamplesError(
            f"{name} holds Python objects, which are not read from sample files",
            hint="save the rows as csv, parquet or jsonl, or as an array of numbers or of fixed-width text",
        )
    return SamplesError(f"{name} cannot be read as a numpy array: {error}", hint=_READERS_HINT)


def _csv(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SamplesError(
            f"{path.name} cannot be read as csv in UTF-8: {error}", hint=f"save it in UTF-8; {_READERS_HINT}"
        ) from error
    if not lines:
        raise SamplesError(f"{path.name} is empty", hint=_READERS_HINT)
    header, rows = lines[0], [line for line in lines[1:] if not _is_blank(line, len(lines[0]))]
    _refuse_other_separators(path, header)
    if all(_is_number(cell) for cell in header):
        return Table(path.name, matrix=_numbers(path, rows if _is_numbering(header) else [header, *rows]))
    if not rows:
        raise SamplesError(f"{path.name} has a header and no rows")
    for at, line in enumerate(rows, start=2):
        if len(line) != len(header):
            raise SamplesError(
                f"{path.name} has {len(line)} values in row {at} and {len(header)} in its header"
            )
    columns = [list(column) for column in zip(*rows, strict=True)]
    named: dict[str, Sequence[Any]] = dict(zip(_unique(path, header), columns, strict=True))
    return Table(path.name, columns=named, first_row=2, empty_is_missing=True)


def _is_blank(line: list[str], width: int) -> bool:
    """A line of blanks; where there is but one column it is a text."""
    return width > 1 and len(line) == 1 and not line[0].strip()


def _is_numbering(header: list[str]) -> bool:
    """The header that pandas writes for an array: 0, 1, 2, … and no row of values."""
    return len(header) > 1 and header == [str(at) for at in range(len(header))]


def _refuse_other_separators(path: Path, header: list[str]) -> None:
    if len(header) != 1:
        return
    found = [name for mark, name in _SEPARATORS.items() if mark in header[0]]
    numbers = header[0].split()
    if len(numbers) > 1 and all(_is_number(cell) for cell in numbers):
        found.append("blanks")
    if found:
        raise SamplesError(
            f"{path.name} has its columns separated by {found[0]}, not by commas",
            hint="save it with commas (and points in numbers)",
        )


def _unique(path: Path, header: list[str]) -> list[str]:
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise SamplesError(f"{path.name} has the column {doubled[0]!r} twice")
    return header


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(path: Path, lines: list[list[str]]) -> Array:
    width = len(lines[0])
    matrix = np.full((len(lines), width), np.nan)
    for at, line in enumerate(lines):
        if len(line) != width:
            raise SamplesError(
                f"{path.name} has {len(line)} values in row {at + 1} and {width} in the first row"
            )
        for column, cell in enumerate(line):
            if cell.strip() and not _is_number(cell):
                raise SamplesError(
                    f"{path.name} has {cell!r} in row {at + 1}, column {column + 1}, not a number"
                )
            matrix[at, column] = float(cell) if cell.strip() else np.nan
    return matrix
