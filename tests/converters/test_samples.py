"""Sample rows in every format: matched by name, checked by value, refused by a sentence with the place."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from joblib import dump
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from packager.converters.failure import SamplesError
from packager.converters.samples import read_samples
from packager.converters.signature import MISSING_TEXT, Feature, Signature, TensorSpec
from packager.converters.table import read_table
from tests.converters.hostile_pickles import _Reduced as Reduced
from tests.converters.hostile_pickles import code
from tests.converters.jobs import do

FEATURES = (
    Feature("age", "number", "age", 0, nullable=True),
    Feature("rooms", "integer", "rooms", 0),
    Feature("member", "boolean", "member", 0),
    Feature("city", "text", "city", 0),
)
TABLE = Signature((), (), features=FEATURES)
MATRIX = Signature((), (), features=tuple(Feature(f"x{at}", "number", "X", at) for at in range(2)))
IMAGE = Signature(
    (TensorSpec("image", "float32", ("batch", 1, 2)),), (TensorSpec("output", "float32", ("batch",)),)
)
PAIR = Signature(
    (TensorSpec("ids", "int64", ("batch", 3)), TensorSpec("mask", "bool", ("batch", 3))),
    (TensorSpec("output", "float32", ("batch",)),),
)
CSV = "city,age,rooms,member\nParis,31.5,2,true\nKöln,,3,False\n"


def read(path: Path, signature: Signature = TABLE) -> dict[str, list[Any]]:
    rows = read_samples(read_table(path), signature)
    return {name: array.tolist() for name, array in rows.columns.items()}


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, signature: Signature = TABLE) -> SamplesError:
    with pytest.raises(SamplesError) as caught:
        read(path, signature)
    return caught.value


def test_reads_csv_columns_in_any_order(tmp_path: Path) -> None:
    columns = read(written(tmp_path / "rows.txt", CSV))
    assert columns["city"] == ["Paris", "Köln"]
    assert columns["rooms"] == [2, 3]
    assert columns["member"] == [True, False]
    assert columns["age"][0] == 31.5
    assert np.isnan(columns["age"][1])


def test_reads_parquet_jsonl_objects_and_requests_alike(tmp_path: Path) -> None:
    frame = pandas.DataFrame(
        {"age": [31.5, None], "rooms": [2, 3], "member": [True, False], "city": ["Paris", "Köln"]}
    )
    frame.to_parquet(tmp_path / "rows.parquet")
    objects = json.loads(frame.to_json(orient="records"))
    (tmp_path / "objects.jsonl").write_text("\n".join(json.dumps(row) for row in objects))
    (tmp_path / "request.jsonl").write_text(json.dumps({"instances": objects}))
    lists = [[row[feature.name] for feature in FEATURES] for row in objects]
    (tmp_path / "lists.jsonl").write_text("\n".join(json.dumps({"features": row}) for row in lists))
    wanted = repr(read(written(tmp_path / "rows.csv", CSV)))
    for name in ("rows.parquet", "objects.jsonl", "request.jsonl", "lists.jsonl"):
        assert repr(read(tmp_path / name)) == wanted, name


def test_reads_numbers_without_a_header(tmp_path: Path) -> None:
    assert read(written(tmp_path / "rows.csv", "1,2\n3,4\n"), MATRIX) == {"x0": [1.0, 3.0], "x1": [2.0, 4.0]}


def test_reads_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((3, 2)))
    np.savez(tmp_path / "rows.npz", X=np.ones((3, 2)))
    for name in ("rows.npy", "rows.npz"):
        assert read(tmp_path / name, MATRIX) == {"x0": [1.0] * 3, "x1": [1.0] * 3}


def test_reads_tensors_by_input_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", mask=np.ones((2, 3), dtype=bool), ids=np.ones((2, 3), dtype=np.int32))
    assert read(tmp_path / "rows.npz", PAIR) == {"ids": [[1] * 3] * 2, "mask": [[True] * 3] * 2}
    document = {"inputs": {"ids": [[1, 2, 3]], "mask": [[True, False, True]]}}
    path = written(tmp_path / "rows.jsonl", json.dumps(document) + "\n" + json.dumps(document))
    assert read(path, PAIR)["ids"] == [[1, 2, 3]] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("31.5", "old"), "'old' in row 2, column 'age': it is not a number"),
        (("31.5", "inf"), "'inf' in row 2, column 'age': it is not finite"),
        (("3,False", "3.5,False"), "'3.5' in row 3, column 'rooms': it is not a whole number"),
        (("3,False", ",False"), "'' in row 3, column 'rooms': the model takes no missing value there"),
        (("False", "perhaps"), "'perhaps' in row 3, column 'member': it is neither true nor false"),
        (("city,age", "city,agee"), "no column 'age'"),
        (("true", "true,1"), "5 values in row 2 and 4 in its header"),
        (("city,age", "age,age"), "the column 'age' twice"),
    ],
)
def test_refuses_a_value_by_its_place(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    assert words in refusal(written(tmp_path / "rows.csv", CSV.replace(*change, 1))).message


def test_missing_text_is_taken_where_the_model_takes_it(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", '{"city": null}\n{"city": "a"}\n{"city": ""}')
    signature = Signature((), (), features=(Feature("city", "text", "city", 0, nullable=True),))
    assert read(path, signature) == {"city": [MISSING_TEXT, "a", ""]}
    sheet = written(tmp_path / "rows.csv", "city,n\n,1\na,2\n")
    both = Signature((), (), features=(*signature.features, Feature("n", "number", "n", 0)))
    assert read(sheet, both)["city"] == [MISSING_TEXT, "a"]
    strict = Signature((), (), features=(Feature("city", "text", "city", 0),))
    assert "takes no missing value there" in refusal(path, strict).message


@pytest.mark.parametrize("gap", ["", " ", "NA", "N/A", "nan", "NULL", "None", "<NA>"])
def test_the_words_that_pandas_reads_as_missing_are_missing_numbers(gap: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(CSV.replace("31.5", gap).replace("Paris", "NA"))
    found = read(path)
    assert np.isnan(found["age"]).all() and found["city"][0] == "NA"


def test_says_what_is_wrong_with_a_number_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(CSV.replace("31.5", '"1,234.50"'))
    assert (
        "'1,234.50' in row 2, column 'age': it is not a number: leave out the commas" in refusal(path).message
    )


def test_booleans_in_text_are_numbers_where_the_model_reads_numbers(tmp_path: Path) -> None:
    """A boolean column that goes straight into an estimator is a number there, and words in a csv."""
    frame = pandas.DataFrame({"x0": [True, False], "x1": [0.5, 1.5]})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    wanted = {"x0": [1.0, 0.0], "x1": [0.5, 1.5]}
    assert read(tmp_path / "rows.csv", MATRIX) == read(tmp_path / "rows.parquet", MATRIX) == wanted


def test_suggests_the_column_that_was_meant(tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "rows.csv", CSV.replace("age", "Age"))).hint == "did you mean 'Age'?"


def test_suggests_every_column_that_differs_by_its_case_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", CSV.replace("age", "AGE").replace("city", "City"))
    assert refusal(path).hint == "did you mean 'AGE', 'City'?"


@pytest.mark.parametrize(
    ("wanted", "given", "words"),
    [
        ((3, 8, 8), (2, 8, 8, 3), "channels last, and the model takes them first"),
        ((8, 8, 3), (2, 3, 8, 8), "channels first, and the model takes them last"),
        ((3, 8, 8), (2, 8, 8, 4), "None"),
    ],
)
def test_says_that_the_channels_stand_elsewhere(
    wanted: tuple[int, ...], given: tuple[int, ...], words: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "rows.npy", np.ones(given, np.float32))
    output = TensorSpec("output", "float32", ("batch",))
    pictures = Signature((TensorSpec("image", "float32", ("batch", *wanted)),), (output,))
    assert words in str(refusal(tmp_path / "rows.npy", pictures).hint)


def test_refuses_columns_that_the_model_does_not_know(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", '{"age": 1, "rooms": 1, "member": true, "city": "", "price": 9}')
    error = refusal(path)
    assert "'price', which the model does not know" in error.message
    assert "--labels price" in str(error.hint)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"a,b\n", "a header and no rows"),
        ("rows.csv", b"\xff\xfe\x00", "cannot be read as csv"),
        ("rows.jsonl", b'{"a": 1', "no JSON in row 1"),
        ("rows.jsonl", b'{"a": "\xff"}', "cannot be read as jsonl"),
        ("rows.jsonl", b'{"a": 1}\n{"b": 1}', "other columns in row 2"),
        ("rows.jsonl", b"[1, 2]\n[1]", "different shapes"),
        ("rows.npy", b"\x93NUMPY\x01", "cannot be read as a numpy array"),
        ("rows.parquet", b"PAR1xxxx", "cannot be read as parquet"),
        ("rows.npz", b"PK\x03\x04xxxx", "damaged npz"),
    ],
)
def test_refuses_files_that_are_no_rows(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name, MATRIX).message


def test_refuses_rows_of_another_width_and_tensors_of_another_shape(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((3, 5)))
    assert (
        "5 values in each row, and the model takes 2 features"
        in refusal(tmp_path / "rows.npy", MATRIX).message
    )
    assert (
        "has shape [3, 5], and the model takes ['batch', 1, 2]"
        in refusal(tmp_path / "rows.npy", IMAGE).message
    )
    assert "does not say which of the inputs" in refusal(tmp_path / "rows.npy", PAIR).message


@pytest.mark.parametrize("name", ["rows.npy", "rows.npz"])
def test_never_unpickles_samples(name: str, tmp_path: Path) -> None:
    canary, path = tmp_path / "it_ran", tmp_path / name
    hostile = np.array([Reduced(exec, code(canary))], dtype=object)
    (np.savez if name.endswith("z") else np.save)(path, hostile, allow_pickle=True)
    assert "holds Python objects" in refusal(path, MATRIX).message
    assert not canary.exists()
    if name.endswith("z"):
        with np.load(path, allow_pickle=True) as arrays:
            assert arrays["arr_0"].dtype == object
    else:
        np.load(path, allow_pickle=True)
    assert canary.exists()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = pandas.DataFrame({"age": [20.0, 30.0, 40.0, None] * 10, "city": ["Rome", "Paris"] * 20})
    columns = make_column_transformer(
        (SimpleImputer(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["city"])
    )
    path = tmp_path_factory.mktemp("model") / "model.joblib"
    dump(make_pipeline(columns, LogisticRegression()).fit(frame, ["no", "yes"] * 20), path)
    return path


def test_labels_are_a_column_or_a_file(model: Path, tmp_path: Path) -> None:
    rows = "".join(
        f"{age},{city},{label}\n"
        for age, city, label in [(1, "Rome", "no"), (2, "Paris", "yes"), (3, "Rome", "yes")]
    )
    samples = written(tmp_path / "rows.csv", "age,city,label\n" + rows)
    wanted = {"metric": "accuracy", "value": pytest.approx(2 / 3), "rows": 3}
    assert do(tmp_path / "a", model, samples=str(samples), labels="label").result["accuracy"] == wanted
    plain = written(tmp_path / "plain.csv", "age,city\n" + rows.replace(",no", "").replace(",yes", ""))
    labels = written(tmp_path / "labels.csv", "label\nno\nyes\nyes\n")
    assert do(tmp_path / "b", model, samples=str(plain), labels=str(labels)).result["accuracy"] == wanted


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("lable", "no column 'lable' to take the labels from"),
        ("/nowhere/labels.csv", "There is no labels file labels.csv"),
        ("two.csv", "1 labels for 2 rows"),
        ("gap.csv", "gap.csv has no label in row 3"),
        ("other.csv", "The labels are maybe, and the model's classes are no, yes"),
    ],
)
def test_refuses_labels_that_do_not_fit(labels: str, words: str, model: Path, tmp_path: Path) -> None:
    samples = written(tmp_path / "rows.csv", "age,city\n1,Rome\n2,Paris\n")
    written(tmp_path / "two.csv", "label\nno\n")
    written(tmp_path / "other.csv", "label\nmaybe\nmaybe\n")
    written(tmp_path / "gap.csv", 'label\nno\n""\n')
    path = str(tmp_path / labels) if labels.endswith(".csv") and "/" not in labels else labels
    error = do(tmp_path / "job", model, samples=str(samples), labels=path).error
    assert error["kind"] == "SamplesError"
    assert words in error["message"]


def test_says_what_the_model_itself_refuses(tmp_path: Path) -> None:
    dump(
        make_pipeline(OneHotEncoder(), LogisticRegression()).fit([["a"], ["b"]], [0, 1]),
        tmp_path / "model.joblib",
    )
    samples = written(tmp_path / "rows.csv", "x0\na\nc\n")
    error = do(tmp_path / "job", tmp_path / "model.joblib", samples=str(samples)).error
    assert error["kind"] == "SamplesError"
    assert "refuses the sample rows: Found unknown categories ['c']" in error["message"]


def test_takes_a_seeded_part_of_many_rows_and_says_so(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(500, 2))
    dump(LinearRegression().fit(rows, rows.sum(axis=1)), tmp_path / "model.joblib")
    np.save(tmp_path / "rows.npy", rows)
    np.save(tmp_path / "labels.npy", rows.sum(axis=1))
    options = {"samples": str(tmp_path / "rows.npy"), "labels": str(tmp_path / "labels.npy"), "rows": 40}
    first = do(tmp_path / "a", tmp_path / "model.joblib", **options)
    again = do(tmp_path / "b", tmp_path / "model.joblib", **options)
    assert first.result["reference"] == {"path": "reference.json", "rows": 40, "source_of_rows": "samples"}
    assert first.result["notes"] == ["40 of the 500 sample rows were used, chosen with seed 0"]
    assert first.result["accuracy"] == {"metric": "r2", "value": pytest.approx(1.0), "rows": 40}
    assert first.cases == again.cases
    assert [len(case["outputs"]["prediction"]["shape"]) for case in first.cases] == [2, 2, 2]
    assert [case["outputs"]["prediction"]["shape"][0] for case in first.cases] == [1, 7, 40]
