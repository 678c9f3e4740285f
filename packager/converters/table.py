"""Sample files as they are: named columns, unnamed rows, or named arrays. Nothing in them is unpickled."""

import csv
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import SamplesError
from packager.converters.tensors import Array

_READERS_HINT = "samples are read from csv, parquet, npz, npy and jsonl files"
_REQUEST_FORMS = ("features", "instances", "inputs")
_LARGEST_ARRAYS = 4 << 30


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: values by name. ``matrix``: one unnamed array. ``arrays``: arrays by input name.

    ``first_row`` is the place of the first row in the file, for messages.
    """

    name: str
    columns: dict[str, Sequence[Any]] | None = None
    matrix: Array | None = None
    arrays: dict[str, Array] | None = None
    first_row: int = 1


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
        return _jsonl(path)
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
    except zipfile.BadZipFile as error:
        raise SamplesError(f"{path.name} is a damaged npz file: {error}") from error
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
            lines = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SamplesError(
            f"{path.name} cannot be read as csv in UTF-8: {error}", hint=_READERS_HINT
        ) from error
    header, rows = lines[0], [line for line in lines[1:] if line]
    if all(_is_number(cell) for cell in header):
        return Table(path.name, matrix=_numbers(path, [header, *rows]))
    if not rows:
        raise SamplesError(f"{path.name} has a header and no rows")
    for at, line in enumerate(rows, start=2):
        if len(line) != len(header):
            raise SamplesError(
                f"{path.name} has {len(line)} values in row {at} and {len(header)} in its header"
            )
    columns = [list(column) for column in zip(*rows, strict=True)]
    return Table(path.name, columns=dict(zip(_unique(path, header), columns, strict=True)), first_row=2)


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


def _jsonl(path: Path) -> Table:
    rows: list[Any] = []
    named: list[dict[str, Any]] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise SamplesError(f"{path.name} cannot be read as jsonl in UTF-8: {error}") from error
    for at, line in enumerate(lines, start=1):
        if line.strip():
            _take_line(_parsed(path, at, line), rows, named)
    if named and rows:
        raise SamplesError(f"{path.name} mixes rows and whole inputs")
    if named:
        return Table(path.name, arrays=_joined(path, named))
    return _rows_table(path, rows)


def _parsed(path: Path, at: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SamplesError(
            f"{path.name} has no JSON in row {at}: {error}", hint="jsonl holds one JSON value in each line"
        ) from error


def _take_line(value: Any, rows: list[Any], named: list[dict[str, Any]]) -> None:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _REQUEST_FORMS:
        form, content = next(iter(value.items()))
        if form == "inputs":
            named.append(content)
        else:
            rows.extend([content] if form == "features" else content)
    else:
        rows.append(value)


def _rows_table(path: Path, rows: list[Any]) -> Table:
    if not rows:
        raise SamplesError(f"{path.name} has no rows")
    if all(isinstance(row, dict) for row in rows):
        names = list(rows[0])
        for at, row in enumerate(rows, start=1):
            if set(row) != set(names):
                odd = sorted(set(row) ^ set(names))
                raise SamplesError(
                    f"{path.name} has other columns in row {at} than in row 1: {', '.join(odd)}"
                )
        return Table(path.name, columns={name: [row[name] for row in rows] for name in names})
    if any(isinstance(row, dict) for row in rows):
        raise SamplesError(f"{path.name} mixes rows as lists and rows as objects")
    return Table(path.name, matrix=_stacked(path, rows))


def _stacked(path: Path, rows: list[Any]) -> Array:
    if _shape(rows) is None:
        raise SamplesError(f"{path.name} has rows of different shapes")
    flat = np.asarray(rows, dtype=object)
    texts = any(isinstance(value, str) or value is None for value in flat.ravel())
    return flat if texts else np.asarray(rows)


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a nested list; None if it is ragged."""
    if not isinstance(value, list):
        return ()
    shapes = {_shape(item) for item in value}
    inner = next(iter(shapes)) if len(shapes) == 1 else None
    return None if inner is None else (len(value), *inner)


def _joined(path: Path, named: list[dict[str, Any]]) -> dict[str, Array]:
    return {name: np.concatenate([_stacked(path, one[name]) for one in named]) for name in named[0]}
