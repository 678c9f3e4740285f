"""Python's regular expressions for tokens, written for the engine's RE2 so that both find the same.

Each place in a pattern becomes the plain list of the characters that Python takes there: the two know
other Unicode versions, and no engine asks for case or locale. ``lowered``: scikit-learn lowers a text
before it looks for tokens and the graph afterwards, so a place takes every character whose small form
the pattern takes.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from packager.converters.failure import ConversionError

_parser, _constants = (
    import_module(name if sys.version_info >= (3, 11) else older)
    for name, older in (("re._parser", "sre_parse"), ("re._constants", "sre_constants"))
)

_GROUPS = ("BRANCH", "MAX_REPEAT", "MIN_REPEAT", "SUBPATTERN")
# The one letter whose small form is two characters, and the second of them is none of a word.
DOTTED_I = "\u0130"
_DOT = "\u0307"
_WORDS = re.compile(r"(?:\(\?u\))?\\b((?:\\w)*)\\w(\+|\{(\d+),\})\\b")


def token_expression(pattern: str, lowered: bool) -> str:
    """The pattern for RE2; a ``ConversionError`` says what of it has no exact form."""
    words = _WORDS.fullmatch(pattern)
    if words is not None:
        least = len(words[1]) // 2 + int(words[3] or 1)
        return _whole_words(least, lowered)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = re.compile(pattern)
    if compiled.groups:
        raise _inexact(pattern, "a group that is captured: write (?:…)")
    if compiled.flags & ~(re.UNICODE | re.DOTALL):
        raise _inexact(pattern, "a flag")
    parsed, dot_all = _parser.parse(pattern), bool(compiled.flags & re.DOTALL)
    if not lowered or _dot_of_i(pattern) == "inside":
        return _sequence(parsed, pattern, lowered, dot_all)
    return "|".join(_ending_in_i(branch, pattern, dot_all) for branch in _branches(parsed))


def takes(pattern: str, letter: str) -> bool:
    """Whether some place of the pattern takes the letter."""
    if _WORDS.fullmatch(pattern):
        return bool(re.match(r"\w", letter))
    return any(re.match(one, letter) for one in _places(_parser.parse(pattern), re.compile(pattern)))


def ends_with_dotted_i(pattern: str) -> bool:
    """Whether the dot of the small form of the dotted I ends a word, or is in it as any other letter."""
    return _WORDS.fullmatch(pattern) is not None or _dot_of_i(pattern) == "after"


def _dot_of_i(pattern: str) -> str:
    places = list(_places(_parser.parse(pattern), re.compile(pattern)))
    takes_i = [bool(re.match(one, "i")) for one in places]
    takes_dot = [bool(re.match(one, _DOT)) for one in places]
    if not any(takes_dot):
        return "after"
    if takes_i == takes_dot:
        return "inside"
    raise _inexact(pattern, "places that take i and others that take its dot: add lowercase=False")


def _branches(parsed: Any) -> list[Any]:
    """The alternatives at the top."""
    entries = list(parsed)
    if len(entries) == 1 and str(entries[0][0]) == "BRANCH":
        return [list(one) for one in entries[0][1][1]]
    return [entries]


def _ending_in_i(entries: list[Any], pattern: str, dot_all: bool) -> str:
    """The dotted I becomes an i and a dot that no place takes: it can only be the last letter of a word."""
    *before, (kind, value) = entries
    first = _sequence(before, pattern, True, dot_all)
    low, high, one = 1, "1", _single(kind, value, dot_all)
    if str(kind) == "MAX_REPEAT" and len(value[2]) == 1:
        inner_kind, inner = value[2][0]
        low, one = value[0], _single(inner_kind, inner, dot_all)
        high = "" if value[1] is _constants.MAXREPEAT else str(value[1])
    if one is None and str(kind) not in _GROUPS:
        _piece(kind, value, pattern, True, dot_all)  # says what it is, if there is no form at all
    if one is None or low < 1:
        raise _inexact(pattern, "an end that may be empty, or that is no repetition of one class")
    taken = _class_of(one, True)
    if not re.match(one, "i"):
        return f"{first}{taken}{{{low},{high}}}"
    shorter = str(int(high) - 1) if high else ""
    return f"{first}(?:{taken}{{{low - 1},{shorter}}}{DOTTED_I}|{taken}{{{low},{high}}})"


def _whole_words(least: int, lowered: bool) -> str:
    word = _class_of(r"\w", lowered)
    if not lowered:
        return f"{word}{{{least},}}"
    return f"{word}{{{max(least - 1, 0)},}}{DOTTED_I}|{word}{{{least},}}"


def _inexact(pattern: str, what: str) -> ConversionError:
    return ConversionError(
        f"The token_pattern {pattern!r} has no exact form in the graph: it has {what}",
        hint=r"use a pattern of character classes and repetitions, such as '(?u)\b\w\w+\b' or '[a-zA-Z0-9]+'",
    )


def _sequence(parsed: Any, pattern: str, lowered: bool, dot_all: bool) -> str:
    return "".join(_piece(kind, value, pattern, lowered, dot_all) for kind, value in parsed)


def _piece(kind: Any, value: Any, pattern: str, lowered: bool, dot_all: bool) -> str:
    name, one = str(kind), _single(kind, value, dot_all)
    if one is not None:
        return _class_of(one, lowered)
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, inner = value
        most = "" if high is _constants.MAXREPEAT else str(high)
        lazy = "?" if name == "MIN_REPEAT" else ""
        return f"(?:{_sequence(inner, pattern, lowered, dot_all)}){{{low},{most}}}{lazy}"
    if name == "SUBPATTERN" and value[0] is None and not value[1] and not value[2]:
        return f"(?:{_sequence(value[3], pattern, lowered, dot_all)})"
    if name == "BRANCH":
        return f"(?:{'|'.join(_sequence(one, pattern, lowered, dot_all) for one in value[1])})"
    raise _inexact(pattern, name.lower().replace("_", " "))


def _single(kind: Any, value: Any, dot_all: bool) -> str | None:
    """What a place for one character takes, as Python writes it."""
    name = str(kind)
    if name == "LITERAL":
        return re.escape(chr(value))
    if name == "NOT_LITERAL":
        return f"[^{re.escape(chr(value))}]"
    if name == "ANY":
        return r"[\s\S]" if dot_all else r"[^\n]"
    return f"[{''.join(_member(*entry) for entry in value)}]" if name == "IN" else None


def _places(parsed: Any, compiled: Any) -> Iterator[str]:
    for kind, value in parsed:
        one = _single(kind, value, bool(compiled.flags & re.DOTALL))
        if one is not None:
            yield one
        for inner in value if isinstance(value, tuple) else ():
            for branch in inner if isinstance(inner, list) else [inner]:
                if isinstance(branch, _parser.SubPattern):
                    yield from _places(branch, compiled)


def _member(kind: Any, value: Any) -> str:
    name = str(kind)
    if name == "NEGATE":
        return "^"
    if name == "LITERAL":
        return re.escape(chr(value))
    if name == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    letters = {"WORD": r"\w", "DIGIT": r"\d", "SPACE": r"\s"}
    of, _, what = str(value).rpartition("CATEGORY_")[2].rpartition("NOT_")
    return letters[what].upper() if _ or of else letters[what]


@cache
def _class_of(one: str, lowered: bool) -> str:
    r"""A class with every range written out. ``lowered``: by the small form; the dotted I never is one."""
    wanted = re.compile(one)
    every = _small_forms() if lowered else _characters()
    starts = [(match.start(), match.end()) for match in re.finditer(f"(?:{wanted.pattern})+", every)]
    ranges = [
        rf"\x{{{ord(_characters()[low]):x}}}-\x{{{ord(_characters()[high - 1]):x}}}"
        for low, high in (part for start in starts for part in _without_gap(*start))
    ]
    if not ranges:
        raise ConversionError(f"The token_pattern has {one!r}, which no character fits")
    return f"[{''.join(ranges)}]"


def _without_gap(low: int, high: int) -> list[tuple[int, int]]:
    """A range must not reach over the code points that no text has."""
    gap = 0xD800
    return [(low, gap), (gap, high)] if low < gap < high else [(low, high)]


@cache
def _characters() -> str:
    return "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)


@cache
def _small_forms() -> str:
    return "".join(small if len(small := letter.lower()) == 1 else _DOT for letter in _characters())
