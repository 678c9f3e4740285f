"""Texts as numbers of their letters, and what the letter n-grams of scikit-learn make of blanks."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np

from packager.converters.sklearn.own.nodes import ML, Nodes
from packager.converters.sklearn.own.patterns import DOTTED_I
from packager.converters.tensors import Array

_DOT = "\u0307"
_GAP = 0
_BLANKS = [chr(code) for code in range(0x3100) if re.match(r"\s", chr(code))]


class Alphabet:
    """A number for each letter that counts; capitals have that of their small letter. 0 is no letter."""

    def __init__(self, words: list[str], lowered: bool, first: list[str] | None = None) -> None:
        known = sorted({letter for word in words for letter in word} - set(first or ()))
        self.places = {letter: at + 1 for at, letter in enumerate([*(first or ()), *known])}
        self.other = len(self.places) + 1
        self.lowered = lowered

    def code_of(self, letter: str) -> int:
        return self.places.get(letter, self.other)

    def keys(self, dotted: int) -> dict[str, int]:
        keys = dict(self.places)
        if self.lowered:
            keys.update({letter: self.code_of(small) for letter, small in _capitals()})
            keys[DOTTED_I] = dotted
        return {letter: code for letter, code in keys.items() if code != self.other or letter in self.places}

    def codes(self, nodes: Nodes, letters: str, dotted: int, gap: int = _GAP) -> str:
        """``dotted``: the number of the capital whose small form is two letters."""
        keys = self.keys(dotted)
        return nodes.add(
            "LabelEncoder",
            letters,
            domain=ML,
            keys_strings=["", *keys],
            values_int64s=[gap, *keys.values()],
            default_int64=self.other,
        )


@cache
def _capitals() -> tuple[tuple[str, str], ...]:
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    return tuple(
        (letter, small) for letter in every if (small := letter.lower()) != letter and len(small) == 1
    )


def tokens(nodes: Nodes, texts: str, expression: str) -> str:
    """What the expression finds in each text, one after the other; the empty text fills up."""
    return nodes.add(
        "Tokenizer", texts, domain="com.microsoft", tokenexp=expression, pad_value="", mark=0, mincharnum=1
    )


def with_a_gap(nodes: Nodes, words: str) -> str:
    """One more column, since the engine makes another shape of texts without any words."""
    count = nodes.add("Shape", words, start=0, end=1)
    shape = nodes.add("Concat", count, np.array([1], np.int64), axis=0)
    zeros = nodes.add("Expand", np.int64(0), shape)
    return nodes.add("Concat", words, nodes.add("Gather", np.array(["\uffff"], dtype=object), zeros), axis=1)


def numbers(nodes: Nodes, part: Any, terms: list[str]) -> tuple[str, list[tuple[int, ...]]]:
    """The letters of each text with its blanks as the analyzer sees them, and each term's letters."""
    alphabet = Alphabet(terms, bool(part.lowercase), first=_BLANKS)
    inside = part.analyzer == "char_wb"
    space = alphabet.code_of(" ")
    found = tokens(nodes, nodes.texts, "(?s:.)")
    found = with_a_gap(nodes, found)
    dotted = alphabet.other + 1
    codes = alphabet.codes(nodes, found, dotted, gap=space if inside else _GAP)
    if inside:  # the column of the gap, and one more before the first word
        codes = _edged(nodes, codes, space)
    codes, dropped = _one_blank(nodes, codes, space, inside)
    extra, no_extra = _second_letters(
        nodes, codes, dotted, alphabet.code_of(_DOT), space if inside else dotted
    )
    codes = nodes.chosen(nodes.add("Equal", codes, np.int64(dotted)), np.int64(alphabet.code_of("i")), codes)
    stream = nodes.without(
        nodes.add("Flatten", _pairs(nodes, codes, extra), axis=1),
        nodes.add("Flatten", _pairs(nodes, dropped, nodes.add("Or", dropped, no_extra)), axis=1),
    )
    return stream, [tuple(alphabet.code_of(letter) for letter in term) for term in terms]


def outer_blanks(part: Any) -> Array:
    """Two blanks stand around all words together, where scikit-learn has none."""
    table = np.zeros((1, len(part.vocabulary_)))
    table[0, part.vocabulary_[" "]] = 2
    return table


def _edged(nodes: Nodes, codes: str, space: int) -> str:
    first = nodes.column(codes, 0)
    blank = nodes.add("Add", nodes.add("Mul", first, np.int64(0)), np.int64(space))
    inner = nodes.add(
        "Slice", codes, np.array([0], np.int64), np.array([-1], np.int64), np.array([1], np.int64)
    )
    return nodes.add("Concat", blank, inner, blank, axis=1)


def _one_blank(nodes: Nodes, codes: str, space: int, always: bool) -> tuple[str, str]:
    """A run of blanks is one space: what stays in its first place, and which places go."""
    limit = len(_BLANKS)
    blank = nodes.add(
        "And", nodes.add("Greater", codes, np.int64(0)), nodes.add("LessOrEqual", codes, np.int64(limit))
    )
    before, after = _shifted(nodes, blank, 1), _shifted(nodes, blank, -1)
    dropped = nodes.add("And", blank, before)
    becomes_space = blank if always else nodes.add("And", blank, nodes.add("Or", before, after))
    return nodes.chosen(becomes_space, np.int64(space), codes), dropped


def _shifted(nodes: Nodes, flags: str, by: int) -> str:
    whole = nodes.cast(flags, np.int64)
    edge = nodes.add("Mul", nodes.column(whole, 0), np.int64(0))
    low, high = ([0], [-1]) if by > 0 else ([1], [2**62])
    inner = nodes.add(
        "Slice", whole, np.array(low, np.int64), np.array(high, np.int64), np.array([1], np.int64)
    )
    parts = (edge, inner) if by > 0 else (inner, edge)
    return nodes.cast(nodes.add("Concat", *parts, axis=1), np.bool_)


def _second_letters(nodes: Nodes, codes: str, dotted: int, dot: int, doubled: int) -> tuple[str, str]:
    """What follows a letter: its dot, or between words a second space. And where nothing does."""
    is_dotted = nodes.add("Equal", codes, np.int64(dotted))
    present = nodes.add("Or", is_dotted, nodes.add("Equal", codes, np.int64(doubled)))
    return nodes.chosen(is_dotted, np.int64(dot), codes), nodes.add("Not", present)


def _pairs(nodes: Nodes, one: str, other: str) -> str:
    axes = np.array([2], np.int64)
    return nodes.add("Concat", nodes.add("Unsqueeze", one, axes), nodes.add("Unsqueeze", other, axes), axis=2)
