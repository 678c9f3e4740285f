"""LightGBM's text format (version 2 to 4) as named blocks of lines: the head, and one block for each tree."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import SourceError
from packager.converters.tensors import Array

_VERSIONS = ("v2", "v3", "v4")
_PANDAS = "pandas_categorical:"


@dataclass(frozen=True, slots=True)
class Text:
    """The file in parts; every value is still text."""

    head: Mapping[str, str]
    trees: tuple[Mapping[str, str], ...]
    pandas_categories: tuple[tuple[Any, ...], ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(self.head.get("feature_names", "").split())

    @property
    def feature_infos(self) -> tuple[str, ...]:
        """For each feature ``[low:high]``, its categories ``3:0:7``, or ``none`` where it is not used."""
        return tuple(self.head.get("feature_infos", "").split())


def read_text(path: Path) -> Text:
    try:
        return parse(path.read_bytes().decode("utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is damaged: it is not text ({error.reason})") from error


def parse(text: str, name: str) -> Text:
    if not text.startswith("tree"):
        raise SourceError(f"{name} is no LightGBM model: it does not begin with the line 'tree'")
    body, end, tail = text.partition("\nend of trees")
    if not end:
        raise SourceError(f"{name} is damaged: it has no line 'end of trees'", hint="save the model again")
    head, *trees = ("\n" + body.replace("\r\n", "\n")).split("\nTree=")
    found = _lines(head)
    if found.get("version") not in _VERSIONS:
        raise SourceError(
            f"{name} has the version {found.get('version')!r} of LightGBM's format; "
            f"known are {', '.join(_VERSIONS)}"
        )
    blocks = tuple(_numbered(block, at, name) for at, block in enumerate(trees))
    sizes = found.get("tree_sizes", "").split()
    if sizes and len(sizes) != len(blocks):
        raise SourceError(f"{name} is damaged: it speaks of {len(sizes)} trees and holds {len(blocks)}")
    return Text(found, blocks, _pandas(tail, name))


def _numbered(block: str, at: int, name: str) -> Mapping[str, str]:
    number, _, rest = block.partition("\n")
    if number.strip() != str(at):
        raise SourceError(f"{name} is damaged: tree {at} calls itself {number.strip()[:20]!r}")
    return _lines(rest)


def _lines(block: str) -> dict[str, str]:
    """``name=value``, or a word alone; the first of a name counts."""
    found: dict[str, str] = {}
    for line in block.split("\n"):
        name, _, value = line.partition("=")
        if name.strip():
            found.setdefault(name.strip(), value)
    return found


def _pandas(tail: str, name: str) -> tuple[tuple[Any, ...], ...]:
    """The categories of the data frame's columns of text, in the order of those columns."""
    lines = [line for line in tail.splitlines() if line.startswith(_PANDAS)]
    if not lines:
        return ()
    try:
        listed = json.loads(lines[-1].removeprefix(_PANDAS)) or []
        return tuple(tuple(categories) for categories in listed)
    except (ValueError, TypeError, RecursionError) as error:
        raise SourceError(f"{name} is damaged: its pandas_categorical cannot be read") from error


def numbers(block: Mapping[str, str], name: str, count: int, dtype: Any = np.float64) -> Array:
    """The values of one line, which must be ``count``; none where the line is missing and none are due."""
    values = np.array(block.get(name, "").split(), dtype=object)
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} values, not {count}")
    if np.dtype(dtype).kind == "f":
        return np.array([float(value) for value in values], dtype=dtype)
    return np.array([int(value) for value in values], dtype=np.int64).astype(dtype)
