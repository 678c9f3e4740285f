"""Texts without accents: each character becomes what scikit-learn makes of it; then texts again."""

from __future__ import annotations

import copy
import unicodedata
from functools import cache
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own.letters import tokens
from packager.converters.sklearn.own.nodes import ML, Nodes
from packager.converters.sklearn.parts import kind_of

_OPSET = 20
"""The first that puts texts together."""
_HALVINGS = 23
"""For texts of eight million characters."""
_KEEP = "\uffff"


def plain(part: Any) -> Any:
    """The vectorizer for texts whose accents are gone: they are in lower case by then, too."""
    if part.strip_accents is None:
        return part
    part = copy.copy(part)
    part.strip_accents, part.lowercase = None, False
    return part


def stripped(nodes: Nodes, part: Any) -> str:
    if nodes.opset < _OPSET:
        raise ConversionError(
            f"{kind_of(part)} with strip_accents= needs ONNX opset {_OPSET}, "
            f"and the graph is written in {nodes.opset}",
            hint="use a newer engine, or take the accents away before the model",
        )
    letters = _with_an_empty_one(nodes, tokens(nodes, nodes.texts, "(?s:.)"))
    table = _table(part.strip_accents, bool(part.lowercase))
    ascii_alone = part.strip_accents == "ascii"
    found = nodes.add(
        "LabelEncoder",
        letters,
        domain=ML,
        keys_strings=list(table),
        values_strings=list(table.values()),
        default_string="" if ascii_alone else _KEEP,
    )
    if not ascii_alone:
        kept = nodes.add("Equal", found, np.array(_KEEP, dtype=object))
        found = nodes.chosen(kept, letters, found)
    return _joined(nodes, found)


def _with_an_empty_one(nodes: Nodes, letters: str) -> str:
    """One more column, since the engine makes another shape of texts without any letter."""
    return nodes.add("Concat", letters, _empty_column(nodes, letters), axis=1)


def _empty_column(nodes: Nodes, letters: str) -> str:
    count = nodes.add("Shape", letters, start=0, end=1)
    shape = nodes.add("Concat", count, np.array([1], np.int64), axis=0)
    zeros = nodes.add("Expand", np.int64(0), shape)
    return nodes.add("Gather", np.array([""], dtype=object), zeros, axis=0)


def _joined(nodes: Nodes, letters: str) -> str:
    """Each with the one behind it, until one is left; a longer text is refused by the last shape."""
    empty = _empty_column(nodes, letters)
    axis, end, step = (np.array([number], np.int64) for number in (1, 2**62, 2))
    for _ in range(_HALVINGS):
        behind = nodes.add("Concat", letters, empty, axis=1)
        behind = nodes.add("Slice", behind, np.array([1], np.int64), end, axis, step)
        letters = nodes.add("Slice", letters, np.array([0], np.int64), end, axis, step)
        letters = nodes.add("StringConcat", letters, behind)
    return nodes.add("Reshape", letters, nodes.add("Shape", nodes.texts))


@cache
def _table(kind: str, lowered: bool) -> dict[str, str]:
    """What becomes of each character that does not stay as it is; for ASCII, of each that leaves anything."""
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    made = ((letter, _bare(letter.lower() if lowered else letter, kind)) for letter in every)
    return {letter: bare for letter, bare in made if (bare if kind == "ascii" else bare != letter)}


def _bare(letters: str, kind: str) -> str:
    apart = unicodedata.normalize("NFKD", letters)
    if kind == "ascii":
        return apart.encode("ascii", "ignore").decode("ascii")
    if letters.isascii():
        return letters
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
