"""Columns of every kind, by name and by number: each goes where the model reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from packager.converters.signature import MISSING_TEXT
from tests.converters.jobs import array_of, assert_answers_alike
from tests.converters.sklearn.models import bought, converted, mixed
from tests.converters.sklearn.own.models import shown


@pytest.mark.parametrize(
    "last", [LogisticRegression(max_iter=500), RandomForestClassifier(8, random_state=0)]
)
def test_a_pipeline_over_mixed_columns_answers_alike(
    people: pandas.DataFrame, last: Any, tmp_path: Path
) -> None:
    people.assign(bought=bought(people)).to_csv(tmp_path / "rows.csv", index=False)
    model = mixed(last).fit(people, bought(people))
    for samples in ({}, {"samples": str(tmp_path / "rows.csv"), "labels": "bought"}):
        done = converted(tmp_path, model, **samples)
        assert_answers_alike(done)
        kinds = [(f["name"], f["kind"], f["input"], f["nullable"]) for f in done.signature["features"]]
        assert kinds == [
            ("age", "number", "age", True),
            ("income (k$)", "number", "income__k__", True),
            ("city", "text", "city", True),
            ("rooms", "integer", "rooms", False),
            ("member", "boolean", "member", False),
            ("2nd", "number", "column_2nd", True),
        ]
        assert [spec["dtype"] for spec in done.signature["inputs"]] == [
            "float64",
            "float64",
            "string",
            "int64",
            "bool",
            "float64",
        ]
    assert done.result["accuracy"]["rows"] == 64
    assert done.result["source"]["description"].startswith(
        "Pipeline(ColumnTransformer(Pipeline(SimpleImputer, StandardScaler)"
    )


@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
def test_a_missing_text_has_a_mark_in_the_graph(
    strategy: str, people: pandas.DataFrame, tmp_path: Path
) -> None:
    frame = people[["city", "income (k$)"]].copy()
    frame.loc[::5, "city"] = np.nan
    imputer = SimpleImputer(strategy=strategy, fill_value="none" if strategy == "constant" else None)
    columns = make_column_transformer(
        (make_pipeline(imputer, OneHotEncoder()), ["city"]), remainder="passthrough"
    )
    model = make_pipeline(columns, DecisionTreeClassifier(random_state=0)).fit(frame, bought(people))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for samples in ({}, {"samples": str(tmp_path / "rows.csv"), "rows": 200}):
        done = converted(tmp_path, model, **samples)
        assert_answers_alike(done)
        assert done.signature["features"][0]["nullable"]
        assert MISSING_TEXT in array_of(done.cases[-1]["inputs"]["city"])
    assert np.array_equal(array_of(done.cases[-1]["outputs"]["label"]), model.predict(frame))


def test_an_empty_text_that_is_a_category_stays_one(people: pandas.DataFrame, tmp_path: Path) -> None:
    frame = people[["city"]].replace("Rome", "")
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(
        frame, bought(people)
    )
    done = converted(tmp_path, model)
    assert_answers_alike(done)
    assert {"", MISSING_TEXT} <= set(array_of(done.cases[-1]["inputs"]["city"]).ravel())


def test_columns_by_name_of_numbers_alone_are_one_matrix(people: pandas.DataFrame, tmp_path: Path) -> None:
    columns = make_column_transformer((StandardScaler(), ["age", "2nd"]), remainder="passthrough")
    frame = people[["age", "income (k$)", "2nd"]]
    done = converted(
        tmp_path,
        make_pipeline(columns, HistGradientBoostingClassifier(max_iter=5)).fit(frame, bought(people)),
    )
    assert_answers_alike(done)
    assert done.signature["inputs"] == [{"name": "X", "dtype": "float64", "shape": ["batch", 3]}]
    assert [f["name"] for f in done.signature["features"]] == ["age", "income (k$)", "2nd"]


def test_columns_by_number_of_an_array_answer_alike(people: pandas.DataFrame, tmp_path: Path) -> None:
    columns = make_column_transformer(
        (StandardScaler(), [1, 5]), (OrdinalEncoder(), [2]), (OneHotEncoder(), [3])
    )
    done = converted(
        tmp_path, make_pipeline(columns, LogisticRegression()).fit(people.to_numpy(), bought(people))
    )
    assert_answers_alike(done)
    assert [f["kind"] for f in done.signature["features"]] == [
        "number",
        "number",
        "text",
        "integer",
        "number",
        "number",
    ]


FORMS: dict[str, Any] = {
    "by kind": make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="float")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(pattern="city|member")),
    ),
    "by mask": make_column_transformer((StandardScaler(), [False, True, False, True, False, True])),
    "by place": make_column_transformer(
        (StandardScaler(), [1, 5]), (OneHotEncoder(drop="if_binary"), [2, 4])
    ),
    "by slice": make_column_transformer((OneHotEncoder(drop="first"), slice("city", "member"))),
    "the rest as it is": make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough"),
    "data frames between": make_column_transformer(
        (StandardScaler(), ["2nd"]), (OneHotEncoder(sparse_output=False), ["rooms"])
    ).set_output(transform="pandas"),
    "hours of a day": make_column_transformer(
        (FunctionTransformer(np.sin), ["2nd"]), (FunctionTransformer(np.cos), ["2nd", "rooms"])
    ),
    "the other way round": make_column_transformer(
        (StandardScaler(), ["2nd", "income (k$)", "age"]), ("passthrough", ["2nd", "age", "income (k$)"])
    ),
    "bins beside others": make_column_transformer(
        (KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"), ["2nd"]), ("passthrough", ["member"])
    ),
    "codes of every kind": make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["city", "rooms", "member"])
    ),
}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_columns_go_where_the_model_reads_them(name: str, people: pandas.DataFrame, tmp_path: Path) -> None:
    people = people.assign(age=people["age"].fillna(7.0))
    model = make_pipeline(FORMS[name], LogisticRegression(max_iter=500))
    shown(tmp_path, model, people, bought(people))


@pytest.mark.parametrize("last", [None, PCA(2)])
def test_the_last_step_may_be_a_transformer(last: Any, people: pandas.DataFrame, tmp_path: Path) -> None:
    columns = make_column_transformer((StandardScaler(), ["income (k$)", "2nd"]), (OneHotEncoder(), ["city"]))
    shown(tmp_path, columns if last is None else make_pipeline(columns, last), people, None)


def test_columns_that_no_step_reads_are_no_features(people: pandas.DataFrame, tmp_path: Path) -> None:
    """scikit-learn drops them by default, and does not ask for them."""
    columns = make_column_transformer((OneHotEncoder(), ["rooms"]), (StandardScaler(), ["2nd"]))
    model = make_pipeline(columns, RandomForestClassifier(5, random_state=0))
    done = shown(tmp_path, model, people, bought(people))
    assert [feature["name"] for feature in done.signature["features"]] == ["rooms", "2nd"]
    wanted = "no step of the model reads age, income (k$), city, member: requests leave such columns out"
    assert done.result["notes"][0] == wanted
    assert np.array_equal(model.predict(people[["2nd", "rooms"]]), model.predict(people))


@pytest.mark.parametrize(
    "encoder",
    [
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=9, min_frequency=0.3),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.3),
    ],
)
def test_a_missing_text_is_a_category_of_its_own(
    encoder: Any, people: pandas.DataFrame, tmp_path: Path
) -> None:
    frame = people[["city", "2nd"]].copy()
    frame.loc[::5, "city"] = np.nan
    columns = make_column_transformer((encoder, ["city"]), remainder="passthrough")
    for at, last in enumerate((HistGradientBoostingClassifier(max_iter=4), DecisionTreeClassifier())):
        folder = tmp_path / str(at)
        folder.mkdir()
        done = shown(folder, make_pipeline(columns, last), frame, bought(people))
        assert MISSING_TEXT in array_of(done.cases[-1]["inputs"]["city"])
        assert done.signature["features"][0]["nullable"]


def test_fractions_are_categories_too(people: pandas.DataFrame, tmp_path: Path) -> None:
    rows = np.round(people[["age", "2nd"]].to_numpy() / 10, 1)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=500))
    shown(tmp_path, model, rows, bought(people))
