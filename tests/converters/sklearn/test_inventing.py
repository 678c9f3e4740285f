"""Rows made for a model reach its categories, split values and words."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from packager.converters.signature import MISSING_TEXT
from tests.converters.jobs import array_of, assert_answers_alike
from tests.converters.sklearn.models import CLASSES, ROWS, bought, converted, mixed


def test_made_rows_reach_every_category_an_unseen_one_and_gaps(
    people: pandas.DataFrame, tmp_path: Path
) -> None:
    done = converted(tmp_path, mixed(LogisticRegression(max_iter=500)).fit(people, bought(people)))
    inputs = {name: array_of(tensor).ravel() for name, tensor in done.cases[-1]["inputs"].items()}
    assert set(inputs["city"]) == {"Köln", "Paris", "Rome", "never seen", "", MISSING_TEXT}
    assert set(inputs["rooms"]) == {1, 2, 3, 4, 5}
    assert set(inputs["member"]) == {False, True}
    assert np.isnan(inputs["age"]).any()


def test_made_rows_lie_on_split_values_and_beside_them(tmp_path: Path) -> None:
    model = DecisionTreeClassifier(max_depth=1, random_state=0).fit(ROWS, CLASSES > 0)
    done = converted(tmp_path, model)
    split = np.float32(model.tree_.threshold[0])
    given = set(array_of(done.cases[-1]["inputs"]["X"])[:, model.tree_.feature[0]].tolist())
    assert {
        float(split),
        float(np.nextafter(split, np.float32(-9))),
        float(np.nextafter(split, np.float32(9))),
    } <= given


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stop_words": ["very"]},
        {"ngram_range": (1, 2), "token_pattern": "[a-zA-Z0-9_]+"},
        {"max_features": 3},
    ],
)
def test_made_texts_know_the_model_s_words_with_letters_and_marks_between(
    options: dict[str, Any], tmp_path: Path
) -> None:
    texts = ["good day a good", "bad day", "very good, or not", "very very bad"] * 10
    model = make_pipeline(TfidfVectorizer(**options), LogisticRegression()).fit(texts, [0, 1, 0, 1] * 10)
    done = converted(tmp_path, model)
    assert_answers_alike(done)
    made = array_of(done.cases[-1]["inputs"]["text"]).ravel().tolist()
    assert sum(any(term in text for term in model[0].vocabulary_) for text in made) > len(made) / 2
    assert any(" a " in text for text in made)


def test_texts_answer_alike_whatever_the_locale(tmp_path: Path) -> None:
    texts = ["good day", "bad day", "very good", "very very bad"] * 10
    done = converted(
        tmp_path, make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, ["+", "-", "+", "-"] * 10)
    )
    assert_answers_alike(done)
    assert [f["kind"] for f in done.signature["features"]] == ["text"]
