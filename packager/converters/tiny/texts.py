"""Lowerings of the operators on texts: tokens by regular expressions, counts of n-grams."""

from itertools import pairwise

import numpy as np

from packager.converters.tiny.expressions import in_python
from packager.converters.tiny.node import Array, Lowering, Node, UncoveredError, Value, known


def _tokens(node: Node) -> list[Value]:
    node.only(tokenexp=..., mincharnum=..., pad_value=..., mark=0)
    if "tokenexp" not in node.attributes:
        raise UncoveredError("Tokenizer without an expression")
    return node.step(
        "texts.tokens", [node.demand(0, "string")], "string",
        expression=in_python(node.attribute("tokenexp")), filling=node.attribute("pad_value", ""),
        least=node.attribute("mincharnum", 1),
    )  # fmt: skip


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
