"""Tokens and n-grams are those of ONNX Runtime."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from packager.converters.tiny.node import UncoveredError
from tests.runtimes.core.engines.tiny.running import by_onnxruntime, by_tiny, model_of

EXPRESSIONS = [
    r"[\x{30}-\x{39}\x{41}-\x{5a}\x{61}-\x{7a}\x{e4}-\x{e4}\x{1f600}-\x{1f64f}]{2,}",
    r"(?s:.{1,3})",
    r"(?s:.)",
    r"[a-c]{1,3}?b|\w{2}",
    r"[^ &~|\]-]+",
    r"(?:ab|a)(?:c{1,2})?",
    r"\d{1,4}\.\d{0,2}",
    r"[a-c]{1,}\x{e4}|[a-c]{2,}",
    r"\w+(?:-\w+)*",
    r"-(?:a|ab|b)+",
]
_TEXTS = st.text(st.sampled_from("abcABÄä 01.,-&~|]\n\t😀\u2028é_"), max_size=12)


def _tokenizer(expression: str, **more: Any) -> Any:
    node = helper.make_node(
        "Tokenizer", ["X"], ["Y"], domain="com.microsoft", tokenexp=expression, pad_value="#", mark=0,
        **{"mincharnum": 1, **more},
    )  # fmt: skip
    ends = [helper.make_tensor_value_info(name, TensorProto.STRING, None) for name in "XY"]
    return model_of([node], ends[:1], ends[1:])


@pytest.mark.parametrize("expression", EXPRESSIONS)
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=3))
def test_cuts_texts_into_tokens(expression: str, texts: list[str]) -> None:
    model = _tokenizer(expression)
    inputs = np.array([[text] for text in texts], dtype=object)
    (made,), (wanted,) = by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs})
    assert (made.shape, made.tolist()) == (wanted.shape, wanted.tolist())


def test_leaves_out_tokens_that_are_too_short() -> None:
    inputs = np.array(["ää b ccc", ""], dtype=object)
    model = _tokenizer(r"[^ ]+", mincharnum=2)
    (made,), (wanted,) = by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs})
    assert made.tolist() == wanted.tolist() == [["ää", "ccc"], ["#", "#"]]


def _n_grams(dtype: int, **attributes: Any) -> Any:
    node = helper.make_node("TfIdfVectorizer", ["X"], ["Y"], **attributes)
    given = {"X": dtype, "Y": TensorProto.FLOAT}
    ends = [helper.make_tensor_value_info(name, of, None) for name, of in given.items()]
    return model_of([node], ends[:1], ends[1:])


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize(("shortest", "longest", "skips"), [(1, 1, 0), (1, 2, 2), (2, 3, 1), (3, 3, 0)])
@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.lists(st.integers(0, 4), min_size=7, max_size=7), min_size=1, max_size=3))
def test_counts_n_grams(mode: str, shortest: int, longest: int, skips: int, rows: list[list[int]]) -> None:
    # Two of one, two of two, one of three; and columns in another order, one of them empty.
    pool = [1, 2, 1, 2, 2, 3, 3, 1, 1]
    model = _n_grams(
        TensorProto.INT64, mode=mode, min_gram_length=shortest, max_gram_length=longest, max_skip_count=skips,
        ngram_counts=[0, 2, 6], ngram_indexes=[4, 0, 1, 2, 5], pool_int64s=pool,
        weights=[0.1, 2.0, 0.3, 4.0, 0.5],
    )  # fmt: skip
    for inputs in (np.array(rows), np.array(rows[0])):
        (made,), (wanted,) = by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs})
        np.testing.assert_array_equal(made, wanted)


def test_counts_words() -> None:
    model = _n_grams(
        TensorProto.STRING, mode="TF", min_gram_length=1, max_gram_length=1, max_skip_count=0,
        ngram_counts=[0], ngram_indexes=[1, 0], pool_strings=["ja", "nein"],
    )  # fmt: skip
    inputs = np.array([["ja", "ja", "?"], ["nein", "ja", ""]], dtype=object)
    (made,), (wanted,) = by_tiny(model, {"X": inputs}), by_onnxruntime(model, {"X": inputs})
    assert made.tolist() == wanted.tolist() == [[0.0, 2.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ngram_indexes": [0, 0]}, "several n-grams in one column"),
        ({"ngram_counts": [0, 1]}, "whole n-grams"),
        ({"pool_strings": ["a"]}, "another pool"),
        ({"weights": [1.0]}, "weights"),
    ],
)
def test_refuses_tables_of_n_grams_that_do_not_fit(change: dict[str, Any], words: str) -> None:
    attributes = {
        "mode": "TF", "min_gram_length": 1, "max_gram_length": 1, "max_skip_count": 0, "ngram_counts": [0],
        "ngram_indexes": [0, 1], "pool_int64s": [3, 4],
    }  # fmt: skip
    with pytest.raises(UncoveredError, match=words):
        by_tiny(_n_grams(TensorProto.INT64, **{**attributes, **change}), {"X": np.array([1])})


def test_joins_texts() -> None:
    node = helper.make_node("StringConcat", ["X", "B"], ["Y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.STRING, None) for name in "XBY"]
    inputs = {"X": np.array([["a"], ["ä"]], dtype=object), "B": np.array(["", "c"], dtype=object)}
    model = model_of([node], ends[:2], ends[2:], onnx=20)
    (made,), (wanted,) = by_tiny(model, inputs), by_onnxruntime(model, inputs)
    assert made.tolist() == wanted.tolist()
