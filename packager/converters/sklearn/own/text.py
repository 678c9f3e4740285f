"""Text vectorizers: the same words, letters and n-grams as scikit-learn's, in any language and any locale.

The engine's own lower case knows ASCII alone without a locale, and its n-grams know no dropped words. So
texts are cut into characters, characters become numbers (a capital that of its small letter), words become
64-bit fingerprints of these, and n-grams are counted over numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own import accents, letters, patterns
from packager.converters.sklearn.own.nodes import ML, Nodes
from packager.converters.sklearn.parts import kind_of
from packager.converters.tensors import Array

_LONGEST_REPEAT = 1000  # of RE2
_UNKNOWN, _DROPPED, _NEVER = -1, -2, -3


def refusal(part: Any) -> str | None:
    """Why this vectorizer has no exact form; None if it has one."""
    for name in ("preprocessor", "tokenizer"):
        if getattr(part, name) is not None:
            return f"with {name}= has no exact form in the graph"
    if callable(part.strip_accents):
        return "calls a Python function for strip_accents=, which has no form in the graph"
    if callable(part.analyzer) or part.input != "content":
        return "with its own analyzer or input= has no exact form in the graph"
    if part.lowercase and any("\u03c3" in term or "\u03c2" in term for term in part.vocabulary_):
        return "with lowercase=True knows Greek words, whose small sigma depends on what follows"
    part = accents.plain(part)
    if part.analyzer == "word":
        _expression(part)
        longest = max(map(len, part.vocabulary_))
        if longest >= _LONGEST_REPEAT:
            return f"knows a word of {longest:,} letters, of which the engine reads 1,000"
        dotted = any("i\u0307" in term for term in part.vocabulary_)
        if part.lowercase and dotted and not patterns.ends_with_dotted_i(part.token_pattern):
            return "with lowercase=True knows words with a dotted small i, which is two letters"
        if part.ngram_range[1] > 1 and patterns.takes(part.token_pattern, " "):
            return "with n-grams of words that may hold blanks has no exact form in the graph"
    return None


def vectorizer(nodes: Nodes, part: Any) -> None:
    if part.strip_accents is not None:
        nodes.texts, part = accents.stripped(nodes, part), accents.plain(part)
    terms = sorted(part.vocabulary_, key=part.vocabulary_.get)
    numbers, grams = (
        _words(nodes, part, terms) if part.analyzer == "word" else letters.numbers(nodes, part, terms)
    )
    counts = nodes.doubles(_counts(nodes, numbers, _within_range(part, grams)))
    if part.analyzer == "char_wb" and " " in part.vocabulary_:
        counts = nodes.add("Sub", counts, letters.outer_blanks(part))
    if part.binary:
        counts = nodes.doubles(nodes.add("Greater", counts, np.float64(0)))
    weights = getattr(part, "_tfidf", None)
    nodes.give(counts if weights is None else _weighted(nodes, counts, weights))


def transformer(nodes: Nodes, part: Any) -> None:
    """``TfidfTransformer`` by itself."""
    nodes.give(_weighted(nodes, nodes.doubles(nodes.given), part))


def _weighted(nodes: Nodes, counts: str, part: Any) -> str:
    if part.sublinear_tf:
        present = nodes.add("Greater", counts, np.float64(0))
        logs = nodes.add("Add", nodes.add("Log", nodes.chosen(present, counts, np.float64(1))), np.float64(1))
        counts = nodes.chosen(present, logs, np.float64(0))
    if part.use_idf:
        counts = nodes.add("Mul", counts, np.asarray(part.idf_, dtype=np.float64).reshape(1, -1))
    return nodes.normalised(counts, part.norm) if part.norm else counts


def _within_range(part: Any, grams: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """A vocabulary of the user's own may have terms that no n-gram of the text can be."""
    least, most = part.ngram_range
    least = 1 if part.analyzer == "char_wb" else least  # short words are n-grams as they are
    return [gram if least <= len(gram) <= most else (_NEVER - at,) for at, gram in enumerate(grams)]


def _counts(nodes: Nodes, numbers: str, grams: list[tuple[int, ...]]) -> str:
    order = sorted(range(len(grams)), key=lambda at: (len(grams[at]), at))
    lengths = [len(gram) for gram in grams]
    longest = max(lengths)
    starts = [
        sum(length * lengths.count(length) for length in range(1, size)) for size in range(1, longest + 1)
    ]
    return nodes.add(
        "TfIdfVectorizer",
        numbers,
        mode="TF",
        min_gram_length=min(lengths),
        max_gram_length=longest,
        max_skip_count=0,
        ngram_counts=starts,
        ngram_indexes=order,
        pool_int64s=[number for at in order for number in grams[at]],
    )


def _expression(part: Any) -> str:
    return patterns.token_expression(part.token_pattern, bool(part.lowercase))


def _words(nodes: Nodes, part: Any, terms: list[str]) -> tuple[str, list[tuple[int, ...]]]:
    grams = [tuple(term.split(" ")) if part.ngram_range[1] > 1 else (term,) for term in terms]
    tokens = sorted({token for gram in grams for token in gram})
    stops = sorted(part.get_stop_words() or ()) if part.ngram_range[1] > 1 else []
    stops = [word for word in stops if word and word not in set(tokens)]
    places = {token: at + 1 for at, token in enumerate(tokens)}
    alphabet = letters.Alphabet([*tokens, *stops], bool(part.lowercase))
    longest = min(max(len(token) for token in (*tokens, *stops)) + 1, _LONGEST_REPEAT)
    shares = _shares(longest)
    prints = [_fingerprint(alphabet, word, shares) for word in (*tokens, *stops)]
    if len(set(prints)) < len(prints):
        raise ConversionError(
            f"{kind_of(part)} knows two words of one fingerprint", hint="leave out rare words"
        )
    # In a word of letters the dot ends the word; in any other it is a letter that no word here has.
    dotted = alphabet.code_of("i") if patterns.ends_with_dotted_i(part.token_pattern) else alphabet.other
    found = _fingerprints(nodes, _expression(part), alphabet, dotted, shares)
    numbers = nodes.add(
        "LabelEncoder",
        found,
        domain=ML,
        keys_int64s=prints,
        values_int64s=[*places.values(), *[_DROPPED] * len(stops)],
        default_int64=_UNKNOWN,
    )
    if stops:
        numbers = nodes.without(numbers, nodes.add("Equal", numbers, np.int64(_DROPPED)))
    return numbers, [tuple(places[token] for token in gram) for gram in grams]


def _fingerprints(
    nodes: Nodes, expression: str, alphabet: letters.Alphabet, dotted: int, shares: Array
) -> str:
    """One number for each word of each text; the last column is of no word."""
    words = letters.with_a_gap(nodes, letters.tokens(nodes, nodes.texts, expression))
    for size in (
        _LONGEST_REPEAT,
        len(shares),
    ):  # a word of a million letters must not cost a million for each other
        words = nodes.add("Gather", letters.tokens(nodes, words, f"(?s:.{{1,{size}}})"), np.int64(0), axis=2)
    codes = alphabet.codes(nodes, letters.tokens(nodes, words, "(?s:.)"), dotted)
    width = nodes.add("Shape", codes, start=2, end=3)
    used = nodes.add("Slice", shares.reshape(-1, 1), np.array([0], np.int64), width)
    # Not ReduceSum: the engine sums whole numbers as doubles.
    return nodes.add("Squeeze", nodes.add("MatMul", codes, used), np.array([2], np.int64))


def _shares(count: int) -> Array:
    """What a letter at each place is worth: fixed odd numbers of 64 bits, so that sums do not meet."""
    random = np.random.default_rng(0x5EED)
    return random.integers(-(2**62), 2**62, count, dtype=np.int64) * 2 + 1


def _fingerprint(alphabet: letters.Alphabet, word: str, shares: Array) -> int:
    codes = np.array([alphabet.code_of(letter) for letter in word[: len(shares)]], dtype=np.int64)
    with np.errstate(over="ignore"):
        return int((codes * shares[: len(codes)]).sum(dtype=np.int64))
