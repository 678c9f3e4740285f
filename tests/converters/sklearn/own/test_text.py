"""Text vectorizers: any language, any pattern, letters and n-grams, exactly and without a locale."""

import re
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own.patterns import token_expression
from tests.converters.jobs import array_of, do
from tests.converters.sklearn.own.models import shown

TEXTS = [
    "good day a café", "bad day, naïve", "very good; or not", "very very bad", "Größe ÜBER alles İstanbul",
    "日本語 テスト good", "it's a bad-day", "I am x 42 good", "ПРИВЕТ мир", "good  day\nbad\tday\u2003x",
    "", "  ", "x" * 900 + " good" * 500, "a b c d e f g", "ÀÉÎ àéî", "İi ıI Straße STRASSE",
] * 6  # fmt: skip
MOODS = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0] * 6)
VECTORIZERS: dict[str, Any] = {
    "default": TfidfVectorizer(),
    "counts": CountVectorizer(),
    "presence": CountVectorizer(binary=True),
    "pairs": TfidfVectorizer(ngram_range=(1, 2)),
    "pairs alone": TfidfVectorizer(ngram_range=(2, 2)),
    "pairs over dropped words": TfidfVectorizer(stop_words="english", ngram_range=(1, 3)),
    "dropped words": CountVectorizer(stop_words=["good", "über"]),
    "as written": TfidfVectorizer(lowercase=False),
    "sublinear": TfidfVectorizer(sublinear_tf=True, norm="l1"),
    "no weights": TfidfVectorizer(use_idf=False, norm=None),
    "letters alone": TfidfVectorizer(token_pattern="[a-zA-Zé]+"),
    "one letter": TfidfVectorizer(token_pattern=r"(?u)\b\w+\b"),
    "three letters": TfidfVectorizer(token_pattern=r"\b\w{3,}\b"),
    "no blanks": TfidfVectorizer(token_pattern=r"\S+", lowercase=False),
    "two kinds": TfidfVectorizer(token_pattern=r"[a-z][a-z0-9_]+"),
    "either": TfidfVectorizer(token_pattern=r"[^\W\d_]+|\d+"),
    "some words": CountVectorizer(vocabulary=["good", "bad", "größe"]),
    "words that are none": CountVectorizer(
        vocabulary=["good", "very bad", "bad day", "day"], ngram_range=(2, 2)
    ),
    "letters that are none": CountVectorizer(analyzer="char", vocabulary=["go", "a", "b"]),
    "few words": TfidfVectorizer(max_features=5),
    "letters": TfidfVectorizer(analyzer="char", ngram_range=(1, 3)),
    "letters as written": CountVectorizer(analyzer="char", ngram_range=(2, 2), lowercase=False),
    "letters of words": TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4)),
    "long pieces of words": CountVectorizer(analyzer="char_wb", ngram_range=(4, 5)),
}


@pytest.mark.parametrize("name", sorted(VECTORIZERS))
def test_texts_of_any_language_count_as_in_the_model(name: str, tmp_path: Path) -> None:
    model = make_pipeline(VECTORIZERS[name], LogisticRegression(max_iter=500))
    done = shown(tmp_path, model, TEXTS, MOODS)
    chances = array_of(done.cases[-1]["outputs"]["probabilities"])
    assert np.ptp(chances[:, 0]) > 1e-3
    assert [feature["kind"] for feature in done.signature["features"]] == ["text"]


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(TfidfVectorizer(), LinearSVC()),
        make_pipeline(CountVectorizer(), TfidfTransformer(), OneVsRestClassifier(LinearSVC())),
        make_pipeline(CountVectorizer(), MultinomialNB()),
        make_pipeline(TfidfVectorizer(), RandomForestClassifier(8, random_state=0)),
        make_pipeline(make_union(TfidfVectorizer(), CountVectorizer(analyzer="char")), LogisticRegression()),
    ],
)
def test_any_classifier_may_follow(model: Any, tmp_path: Path) -> None:
    shown(tmp_path, model, TEXTS, MOODS)


def test_texts_may_stand_beside_numbers(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"words": TEXTS, "age": np.arange(float(len(TEXTS)))})
    columns = make_column_transformer((TfidfVectorizer(), "words"), (StandardScaler(), ["age"]))
    done = shown(tmp_path, make_pipeline(columns, LogisticRegression()), frame, MOODS)
    assert [feature["kind"] for feature in done.signature["features"]] == ["text", "number"]


ACCENTS = [
    "café naïve", "cafe naive", "ﬁne ½ day", "E\u0301te\u0301 été ÉTÉ", "Ångström ÅNGSTRÖM", "İstanbul",
    "한국어 good", "Größe GRÖSSE", "Жёлтый желтый", "", "\u0301\u0301", "x" * 700 + " é" * 400,
    "\uff26\uff35\uff2c\uff2c full", "日本 é!",
] * 8  # fmt: skip
STRIPPED: dict[str, Any] = {
    "unicode": TfidfVectorizer(strip_accents="unicode"),
    "ascii": TfidfVectorizer(strip_accents="ascii"),
    "as written": CountVectorizer(strip_accents="unicode", lowercase=False),
    "ascii as written": CountVectorizer(strip_accents="ascii", lowercase=False, ngram_range=(1, 2)),
    "letters": TfidfVectorizer(strip_accents="unicode", analyzer="char", ngram_range=(1, 2)),
    "letters of words": CountVectorizer(strip_accents="ascii", analyzer="char_wb", ngram_range=(2, 3)),
    "no blanks": CountVectorizer(strip_accents="unicode", token_pattern=r"\S+"),
}


@pytest.mark.parametrize("name", sorted(STRIPPED))
def test_accents_go_as_in_the_model(name: str, tmp_path: Path) -> None:
    model = make_pipeline(STRIPPED[name], LogisticRegression(max_iter=500))
    done = shown(tmp_path, model, ACCENTS, np.arange(len(ACCENTS)) % 14 % 3, max_opset=22)
    assert np.ptp(array_of(done.cases[-1]["outputs"]["probabilities"])[:, 0]) > 1e-3


def test_every_character_of_unicode_loses_the_accents_that_it_loses_in_the_model(tmp_path: Path) -> None:
    """Each for itself, among the letters of a pattern that takes them all."""
    import onnxruntime

    every = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    texts = ["a".join(every[at : at + 512]) for at in range(0, len(every), 512)]
    for kind in ("unicode", "ascii"):
        model = CountVectorizer(
            strip_accents=kind, analyzer="char", vocabulary=["a", "e", "ss", "fi", "1", "ᄀ"]
        )
        folder = tmp_path / kind
        folder.mkdir()
        joblib.dump(model.fit(["a"]), folder / "model.joblib")
        done = do(folder / "job", folder / "model.joblib", max_opset=22)
        session = onnxruntime.InferenceSession(done.folder / "model.onnx")
        (made,) = session.run(None, {"text": np.array(texts, dtype=object).reshape(-1, 1)})
        assert np.array_equal(made, model.transform(texts).toarray())


def test_accents_need_an_engine_that_puts_texts_together(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(strip_accents="unicode"), LogisticRegression())
    with pytest.raises(AssertionError, match="needs ONNX opset 20, and the graph is written in 18"):
        shown(tmp_path, model, ACCENTS, np.arange(len(ACCENTS)) % 2)


def test_a_graph_asks_for_no_locale(tmp_path: Path) -> None:
    import onnx

    done = shown(tmp_path, make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, MOODS)
    kinds = {node.op_type for node in onnx.load(done.folder / "model.onnx").graph.node}
    assert "StringNormalizer" not in kinds
    assert "Tokenizer" in kinds


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(\w+)!", "a group that is captured"),
        (r"\bgood\b", "at"),
        (r"good(?=!)", "assert"),
        (r"(?i)good", "a flag"),
        (r"(?:(\w)\1)", "a group"),
    ],
)
def test_a_pattern_without_an_exact_form_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(ConversionError, match=re.escape(f"has no exact form in the graph: it has {words}")):
        token_expression(pattern, lowered=True)


def test_a_dotted_i_among_letters_that_take_its_dot_is_refused(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\S+"), LogisticRegression())
    with pytest.raises(AssertionError, match="a dotted small i, which is two letters"):
        shown(tmp_path, model, TEXTS, MOODS)


def test_a_word_of_thousands_of_letters_is_refused(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    with pytest.raises(AssertionError, match="knows a word of 3,000 letters"):
        shown(tmp_path, model, ["x" * 3000, "good"] * 8, [0, 1] * 8)


def test_greek_words_are_refused_for_their_two_small_sigmas(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(AssertionError, match="small sigma depends on what follows"):
            shown(
                tmp_path,
                make_pipeline(TfidfVectorizer(), LogisticRegression()),
                ["λόγος", "δεν"] * 8,
                [0, 1] * 8,
            )
