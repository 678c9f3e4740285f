"""Sample rows as JSON, one value in each line: lists, objects by name, or the requests of the function."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import SamplesError
from packager.converters.tensors import Array

_REQUEST_FORMS = ("features", "instances", "inputs")
_LINES = "write one row in each line, as pandas does by to_json(path, orient='records', lines=True)"


def read(path: Path) -> dict[str, Any]:
    """The columns, the matrix or the arrays of a Table, under their names there."""
    rows: list[Any] = []
    named: list[dict[str, Any]] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise SamplesError(
            f"{path.name} cannot be read as jsonl in UTF-8: {error}", hint="save it in UTF-8"
        ) from error
    for at, line in enumerate(lines, start=1):
        if line.strip():
            _take(path, at, _parsed(path, at, line), rows, named)
    if named and rows:
        raise SamplesError(f"{path.name} mixes rows and whole inputs")
    return {"arrays": _joined(path, named)} if named else _rows(path, rows)


def _parsed(path: Path, at: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SamplesError(f"{path.name} has no JSON in row {at}: {error}", hint=_LINES) from error


def _take(path: Path, at: int, value: Any, rows: list[Any], named: list[dict[str, Any]]) -> None:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        raise SamplesError(f"{path.name} has a list of objects in row {at}, not one row", hint=_LINES)
    if not (isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _REQUEST_FORMS):
        rows.append(value)
        return
    form, content = next(iter(value.items()))
    if form == "features":
        rows.append(content)
    elif form == "instances" and isinstance(content, list):
        rows.extend(content)
    elif form == "inputs" and isinstance(content, dict) and content:
        named.append(content)
    else:
        wanted = "a list of rows" if form == "instances" else "an object: tensors by name"
        raise SamplesError(f"{path.name} has {form!r} in row {at} that is not {wanted}")


def _rows(path: Path, rows: list[Any]) -> dict[str, Any]:
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
        return {"columns": {name: [row[name] for row in rows] for name in names}}
    if any(isinstance(row, dict) for row in rows):
        raise SamplesError(f"{path.name} mixes rows as lists and rows as objects")
    return {"matrix": _stacked(path, rows)}


def _stacked(path: Path, rows: Any) -> Array:
    if _shape(rows) is None:
        raise SamplesError(f"{path.name} has rows of different shapes")
    flat = np.asarray(rows, dtype=object)
    if any(isinstance(value, dict) for value in flat.ravel()):
        raise SamplesError(f"{path.name} has an object where a number or a text should be", hint=_LINES)
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
    """Whole inputs; those of several lines are put together along their first dimension."""
    joined = {}
    for at, one in enumerate(named, start=1):
        if one.keys() != named[0].keys():
            odd = sorted(one.keys() ^ named[0].keys())
            raise SamplesError(f"{path.name} has other inputs in row {at} than in row 1: {', '.join(odd)}")
    for name in named[0]:
        arrays = [_stacked(path, one[name]) for one in named]
        if len({array.shape[1:] for array in arrays}) > 1 or (len(arrays) > 1 and not arrays[0].ndim):
            raise SamplesError(f"{path.name} has tensors for {name!r} that cannot be put together")
        joined[name] = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
    return joined
