"""Regular expressions of tokens: read by RE2 where they come from, by Python's `re` in the engine.

RE2 reads a text once, whatever the expression. Python goes back over it where something that was repeated
did not lead to the end of the expression: what could keep it busy with a hostile text is refused.
"""

import math
import re
import sys
import warnings
from importlib import import_module
from itertools import pairwise
from typing import Any

from packager.converters.tiny.node import UncoveredError

_parser = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

_LETTER = r"\\x\{([0-9a-fA-F]{1,6})\}"
_PLAIN = re.compile(
    rf"{_LETTER}|\\[wdsWDS]|\\[][\\.(){{}}|*+?^$/-]|[^\\\[\](){{}}.*+?|^$]|\.|\(\?s?:|\)|\||"
    r"\{\d+(?:,\d*)?\}\??|[*+?]\??"
)
"""What RE2 and Python's `re` (for ASCII) read alike, outside of a class of characters."""
_IN_CLASS = re.compile(rf"{_LETTER}|\\[wdsWDS]|\\[][\\.(){{}}|*+?^$/-]|[^\\\[\]]")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
_MOST_TRIES = 100
"""At one place of a text; beyond that a request could take minutes of it."""


def in_python(expression: str) -> str:
    """A regular expression of RE2 for Python; UncoveredError where the two may read it differently."""
    written, at, in_class = [], 0, False
    while at < len(expression):
        if expression[at] == "[" and not in_class:
            negated = expression.startswith("[^", at)
            written.append("[^" if negated else "[")
            in_class, at = True, at + 1 + negated
        elif expression[at] == "]" and in_class:
            written.append("]")
            in_class, at = False, at + 1
        else:
            found = (_IN_CLASS if in_class else _PLAIN).match(expression, at)
            if found is None:
                raise UncoveredError(f"the expression {expression[at : at + 20]!r} of a Tokenizer")
            # Python's class would take two of some signs for an operation on classes to come.
            letter = chr(int(found[1], 16)) if found[1] else found[0]
            plain = found[1] or (in_class and letter in "&~|[")
            written.append(re.escape(letter) if plain else letter)
            at = found.end()
    made = "".join(written)
    _check(made, expression)
    return made


def _check(made: str, expression: str) -> None:
    """No empty tokens, of which the two make different ones; none that a text can keep Python busy with."""
    shown = f"the expression {expression[:40]!r} of a Tokenizer"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = _parser.parse(made, re.ASCII)
    except (re.error, Warning) as error:
        raise UncoveredError(f"{shown} ({error})") from None
    if parsed.getwidth()[0] == 0:
        raise UncoveredError(f"{shown}, which may find nothing")
    if _tries(parsed) > _MOST_TRIES:
        raise UncoveredError(f"{shown}, which Python may try in very many ways on one text")


def _tries(parsed: Any) -> float:
    """How many ways Python may try at one place of a text, nothing behind which can fail.

    Behind the last part that must be there, what is repeated is never gone back over: it has succeeded.
    """
    needed = [at for at in range(len(parsed)) if parsed[at : at + 1].getwidth()[0] > 0]
    last = needed[-1] if needed else 0
    return _ways(parsed[:last]) * sum(_tries_of(kind, value) for kind, value in parsed[last:])


def _tries_of(kind: Any, value: Any) -> float:
    name = str(kind)
    if name in _REPEATS:
        least, _, inner = value
        return max(least, 1) * _power(_ways(inner), least - 1) * _tries(inner)
    if name == "SUBPATTERN":
        return _tries(value[3])
    if name == "BRANCH":
        ways = [_tries(one) for one in value[1]]
        caught = [_is_caught(one, following) for one, following in pairwise(value[1])]
        return sum(2 if safe else tries for tries, safe in zip(ways, [*caught, False], strict=True))
    return 1


def _is_caught(one: Any, following: Any) -> bool:
    """Whether all that ``one`` repeats and goes back over in vain is what ``following`` takes as a token."""
    if len(one) != 2 or len(following) != 1 or str(one[0][0]) != "MAX_REPEAT" != str(one[1][0]):
        return False
    (kind, value), (other_kind, other) = one[0], following[0]
    fits = str(other_kind) == str(kind) and other[0] <= value[0] + 1 and other[1] >= value[1]
    return fits and str(one[1][0]) == "LITERAL" and list(other[2]) == list(value[2]) and len(value[2]) == 1


def _ways(parsed: Any) -> float:
    """How many beginnings of one text it may fit."""
    return math.prod([_ways_of(kind, value) for kind, value in parsed])


def _ways_of(kind: Any, value: Any) -> float:
    name = str(kind)
    if name in _REPEATS:
        least, most, inner = value
        if most is _parser.MAXREPEAT:
            return math.inf
        return max(most - least + 1, most) * _power(_ways(inner), most)
    if name == "SUBPATTERN":
        return _ways(value[3])
    return sum(map(_ways, value[1])) if name == "BRANCH" else 1


def _power(ways: float, times: int) -> float:
    """Of so many ways each time; more than are counted is as good as for ever."""
    return ways ** max(times, 0) if ways <= 1 or times <= _MOST_TRIES else math.inf
