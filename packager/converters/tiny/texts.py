"""Lowerings of the operators on texts: tokens by regular expressions, counts of n-grams."""

import re
import sys
import warnings
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from packager.converters.tiny.node import Array, Lowering, Node, UncoveredError, Value, known

_parser = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

_LETTER = r"\\x\{([0-9a-fA-F]{1,6})\}"
_PLAIN = re.compile(
    rf"{_LETTER}|\\[wdsWDS]|\\[][\\.(){{}}|*+?^$/-]|[^\\\[\](){{}}.*+?|^$]|\.|\(\?s?:|\)|\||"
    r"\{\d+(?:,\d*)?\}\??|[*+?]\??"
)
"""What RE2 and Python's `re` (for ASCII) read alike, outside of a class of characters."""
_IN_CLASS = re.compile(rf"{_LETTER}|\\[wdsWDS]|\\[][\\.(){{}}|*+?^$/-]|[^\\\[\]]")


def _tokens(node: Node) -> list[Value]:
    node.only(tokenexp=..., mincharnum=..., pad_value=..., mark=0)
    if "tokenexp" not in node.attributes:
        raise UncoveredError("Tokenizer without an expression")
    return node.step(
        "texts.tokens", [node.demand(0, "string")], "string",
        expression=in_python(node.attribute("tokenexp")), filling=node.attribute("pad_value", ""),
        least=node.attribute("mincharnum", 1),
    )  # fmt: skip


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
    """No empty tokens, of which the two make different ones, and no repetition that takes Python for ever."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = _parser.parse(made, re.ASCII)
    except (re.error, Warning) as error:
        raise UncoveredError(f"the expression {expression[:40]!r} of a Tokenizer ({error})") from None
    if parsed.getwidth()[0] == 0 or _nested(parsed, False):
        raise UncoveredError(f"the expression {expression[:40]!r} of a Tokenizer, which may find nothing")


def _nested(parsed: Any, repeated: bool) -> bool:
    """Whether anything that is repeated without limit is so inside of a repetition."""
    for kind, value in parsed:
        again = str(kind) in ("MAX_REPEAT", "MIN_REPEAT") and value[1] is not None and value[1] > 1
        if again and repeated:
            return True
        for inner in value if isinstance(value, tuple | list) else ():
            for part in inner if isinstance(inner, list) else [inner]:
                if isinstance(part, _parser.SubPattern) and _nested(part, repeated or again):
                    return True
    return False


def _concat(node: Node) -> list[Value]:
    node.only()
    return node.step("arithmetic.add", [node.demand(0, "string"), node.demand(1, "string")], "string")


def _n_grams(node: Node) -> list[Value]:
    names = ("min_gram_length", "max_gram_length", "max_skip_count", "mode", "ngram_counts", "ngram_indexes",
             "pool_int64s", "pool_strings", "weights")  # fmt: skip
    node.only(**dict.fromkeys(names, ...))
    value = node.demand(0, "int64", "int32", "string")
    pool = _pool(node, value)
    starts, columns = list(node.attribute("ngram_counts")), list(node.attribute("ngram_indexes"))
    weights = node.attribute("weights")
    _check_pool(pool, starts, columns)
    if weights is not None and len(weights) != len(columns):
        raise UncoveredError("TfIdfVectorizer with as many weights as it has no columns for")
    takes = [value, known(pool)]
    if weights is not None:
        takes.append(known(_by_column(weights, columns)))
    return node.step(
        "counting.n_grams", takes, "float32", width=max(columns) + 1, mode=node.attribute("mode"),
        skips=node.attribute("max_skip_count"), starts=starts, columns=columns,
        shortest=node.attribute("min_gram_length"), longest=node.attribute("max_gram_length"),
    )  # fmt: skip


def _by_column(weights: list[float], columns: list[int]) -> Array:
    """The weight of each n-gram, at its column."""
    found = np.ones(max(columns) + 1, dtype=np.float32)
    found[columns] = weights
    return found


def _pool(node: Node, value: Value) -> Array:
    texts, numbers = node.attribute("pool_strings"), node.attribute("pool_int64s")
    if bool(texts) == bool(numbers) or bool(texts) != (value.dtype == "string"):
        raise UncoveredError("TfIdfVectorizer with another pool than its input")
    return np.array(texts, dtype=object) if texts else np.array(numbers, dtype=np.int64)


def _check_pool(pool: Array, starts: list[int], columns: list[int]) -> None:
    bounds = [*starts, len(pool)]
    sizes = [end - start for start, end in pairwise(bounds)]
    counts = [size / length for length, size in enumerate(sizes, 1)]
    whole = bounds[0] == 0 and all(count >= 0 and count == int(count) for count in counts)
    if not whole or sum(counts) != len(columns) or min(columns, default=-1) < 0:
        raise UncoveredError("TfIdfVectorizer whose pool is not of whole n-grams")
    if len(set(columns)) != len(columns):
        raise UncoveredError("TfIdfVectorizer with several n-grams in one column")


LOWERINGS: dict[str, Lowering] = {"TfIdfVectorizer": _n_grams, "StringConcat": _concat}
MICROSOFT: dict[str, Lowering] = {"Tokenizer": _tokens}
