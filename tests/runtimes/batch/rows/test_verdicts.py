"""Columns of any type are taken, refused and read exactly as the function does with the same rows as JSON."""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from onnx import helper

from runtimes.batch.errors import JobError
from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.batch.rows.asking import check_same, predict
from tests.runtimes.core import models

NAN, INF = float("nan"), float("inf")
LARGEST = 3.4028234663852886e38
NUMBERS = [
    0.0, -0.0, 1.0, 2.5, 0.1, -3.0, 1e-46, LARGEST, 3.4028235677973366e38, 65504.0, 65519.9, 65520.0, 1e39,
    -1e39, 1e300, NAN, INF, -INF, None, 16777217.0, 2.0**63, 2.0**64, -(2.0**63), 255.0, 256.0, -1.0,
]  # fmt: skip
WHOLE = [
    0, 1, 2, 3, -1, 127, 128, -129, 255, 256, 65535, 70000, 2**24 + 1, 2**31, 2**53 + 1, 2**62 + 1, 2**63 - 1,
    2**63, 2**64 - 1, 9007199791611905, None,
]  # fmt: skip


def limited(values: list[Any], type_: pa.DataType) -> list[Any]:
    """The values that a type holds."""
    kept = []
    for value in values:
        try:
            pa.array([value], type_)
        except (pa.ArrowInvalid, OverflowError, pa.ArrowTypeError):
            continue
        kept.append(value)
    return kept


DECIMALS = [Decimal("1.10"), Decimal("2.00"), Decimal("-0.30"), None, Decimal("12345678901234567890.12")]
COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "float64": (pa.float64(), NUMBERS),
    "float32": (pa.float32(), NUMBERS),
    "float16": (pa.float16(), [None, *map(np.float16, (0.5, 1.0, 3.0, NAN, INF, 65504.0))]),
    "decimal": (pa.decimal128(30, 2), DECIMALS),
    "whole decimal": (pa.decimal128(38, 0), [None, *map(Decimal, (1, 2, -1, 300, 2**60 + 1, 2**64))]),
    "null": (pa.null(), [None, None]),
    "dictionary": (pa.dictionary(pa.int8(), pa.float64()), [1.0, 2.0, 2.5, None, 3.0]),
    "runs": (pa.run_end_encoded(pa.int32(), pa.float32()), [1.0, 1.0, None, 2.0, INF]),
    **{
        name: (pa.type_for_alias(name), limited(WHOLE, pa.type_for_alias(name)))
        for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    },
}  # fmt: skip


def echo(dtype: str, kind: str, **changes: Any) -> models.Model:
    """Gives back two features of one input, as the model was given them."""
    nodes = [helper.make_node("Identity", ["X"], ["y"])]
    inputs: list[models.Spec] = [("X", dtype, ["batch", 2])]
    outputs: list[models.Spec] = [("y", dtype, ["batch", 2])]
    features = [{**one, **changes} for one in models.columns(["a", "b"], kind)]
    return models.graph(nodes, inputs, outputs), models.signature(inputs, outputs, features=features)


def open_echo(path: Path, dtype: str, kind: str, **changes: Any) -> Predictor:
    return Predictor(str(make_root(path, *echo(dtype, kind, **changes))))


def drawn(values: list[Any], type_: pa.DataType, seed: int, count: int = 60) -> pa.Array:
    """Values by chance, every one of them at least once, in a column that begins somewhere in its memory."""
    rng = random.Random(seed)
    chosen = [*values, *(rng.choice(values) for _ in range(count - len(values)))]
    rng.shuffle(chosen)
    plain = type_.value_type if isinstance(type_, (pa.DictionaryType, pa.RunEndEncodedType)) else type_
    column = pa.array([None, *chosen], plain)
    if isinstance(type_, pa.DictionaryType):
        return column.dictionary_encode().cast(type_).slice(1)
    if isinstance(type_, pa.RunEndEncodedType):
        return pa.compute.run_end_encode(column).slice(1)
    return column.slice(1)


def two(values: list[Any], type_: pa.DataType) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([drawn(values, type_, 1), drawn(values, type_, 2)], ["a", "b"])


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_numbers_of_every_type_become_floats(tmp_path: Path, dtype: str, nullable: bool) -> None:
    with open_echo(tmp_path / "root", dtype, "number", nullable=nullable) as predictor:
        for type_, values in COLUMNS.values():
            check_same(predictor, two(values, type_))


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint8", "uint64", "float32", "float64"])
def test_whole_numbers_of_every_type_are_taken_where_the_dtype_holds_them(tmp_path: Path, dtype: str) -> None:
    with open_echo(tmp_path / "root", dtype, "integer", nullable=True) as predictor:
        for type_, values in COLUMNS.values():
            check_same(predictor, two(values, type_))


@pytest.mark.parametrize(
    ("dtype", "kind"), [("int64", "integer"), ("float32", "number"), ("float64", "integer")]
)
@pytest.mark.parametrize("nullable", [False, True])
def test_numbers_that_are_no_category_are_refused(
    tmp_path: Path, dtype: str, kind: str, nullable: bool
) -> None:
    with open_echo(tmp_path / "root", dtype, kind, nullable=nullable, categories=[1, 2, 3]) as predictor:
        for type_, values in COLUMNS.values():
            check_same(predictor, two(values, type_))


@pytest.mark.parametrize("dtype", ["bool", "float32", "int64"])
def test_booleans_are_taken_as_true_and_false_alone(tmp_path: Path, dtype: str) -> None:
    with open_echo(tmp_path / "root", dtype, "boolean", nullable=True) as predictor:
        check_same(predictor, two([True, False, None], pa.bool_()))
        with pytest.raises(JobError, match="a is int64, and the model takes true or false"):
            predict(predictor, two([0, 1], pa.int64()))


TEXTS = ["Köln", "", "東京", "a\0b", "﷐", None, "x" * 40, "\U0001f600"]
TEXT_TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.run_end_encoded(pa.int32(), pa.string()),
    pa.null(),
]


@pytest.mark.parametrize("categories", [[], ["Köln", ""]])
@pytest.mark.parametrize("nullable", [False, True])
def test_texts_of_every_type_are_taken(tmp_path: Path, nullable: bool, categories: list[str]) -> None:
    with open_echo(
        tmp_path / "root", "string", "text", nullable=nullable, categories=categories
    ) as predictor:
        for type_ in TEXT_TYPES:
            check_same(predictor, two(TEXTS if type_ != pa.null() else [None], type_))


def test_text_that_is_not_utf_8_is_refused_alone(tmp_path: Path) -> None:
    broken = pa.array([b"fine", b"\xff\xfe", b"\xed\xa0\x80", b"good"]).view(pa.string())
    batch = pa.RecordBatch.from_arrays([broken, pa.array(["x"] * 4)], ["a", "b"])
    with open_echo(tmp_path / "root", "string", "text") as predictor:
        predicted = predict(predictor, batch)
    assert [(one.row, one.column, one.reason) for one in predicted.refused] == [
        (1, "a", "not_text"),
        (2, "a", "not_text"),
    ]
    assert predicted.answers.to_pydict() == {"y": [["fine", "x"], ["good", "x"]]}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (pa.array([1.0, None]), "missing"),
        (pa.array([1.0, NAN]), "not_finite"),
        (pa.array([1.0, -INF]), "not_finite"),
        (pa.array([1.0, 2.5]), "not_whole"),
        (pa.array([1.0, 1e20]), "too_large"),
        (pa.array([1, 2**40]), "too_large"),
        (pa.array([1, 4]), "unknown_category"),
    ],
)
def test_each_reason_has_its_code(tmp_path: Path, values: pa.Array, reason: str) -> None:
    limits = {"categories": [1]} if reason == "unknown_category" else {}
    with open_echo(tmp_path / "root", "int32", "integer", **limits) as predictor:
        batch = pa.RecordBatch.from_arrays([values, pa.array([1, 1])], ["a", "b"])
        assert [(one.row, one.column, one.reason) for one in predict(predictor, batch).refused] == [
            (1, "a", reason)
        ]


def test_the_first_value_that_is_not_taken_is_named(tmp_path: Path) -> None:
    with open_echo(tmp_path / "root", "float64", "number", categories=[1]) as predictor:
        columns = [pa.array([7.0, 1.0, 1e39, 1.0]), pa.array([None, 1.0, 7.0, 2.0])]
        predicted = check_same(predictor, pa.RecordBatch.from_arrays(columns, ["a", "b"]))
    assert [(one.column, one.reason) for one in predicted.refused] == [
        ("b", "missing"),
        ("a", "too_large"),
        ("b", "unknown_category"),
    ]


def interleaved() -> models.Model:
    """Two inputs whose features stand in another order than in the file, of several kinds in each."""
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("X", "t")]
    inputs: list[models.Spec] = [("X", "float32", ["batch", 4]), ("t", "string", ["batch", 2])]
    outputs: list[models.Spec] = [("X_out", "float32", ["batch", 4]), ("t_out", "string", ["batch", 2])]
    entries: list[tuple[str, str, str, int, bool]] = [
        ("size", "number", "X", 2, True),
        ("town", "text", "t", 1, False),
        ("rooms", "integer", "X", 0, False),
        ("new", "boolean", "X", 3, False),
        ("street", "text", "t", 0, True),
        ("floor", "integer", "X", 1, True),
    ]
    keys = ("name", "kind", "input", "column", "nullable")
    features = [dict(zip(keys, entry, strict=True)) for entry in entries]
    return models.graph(nodes, inputs, outputs), models.signature(inputs, outputs, features=features)


@pytest.mark.parametrize("seed", range(4))
def test_features_of_several_kinds_and_inputs_are_read_each_as_it_is(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    dirt = seed % 2 == 1
    values: dict[str, tuple[pa.DataType, list[Any]]] = {
        "new": (pa.bool_(), [True, False, *([None] if dirt else [])]),
        "floor": (pa.float64(), [1.0, 2.0, None, NAN, *([1.5, INF] if dirt else [])]),
        "town": (
            pa.dictionary(pa.int32(), pa.string()),
            ["Bern", "Rome", *([None, "\ufdd0"] if dirt else [])],
        ),
        "rooms": (pa.int16(), [1, 2, 3, *([None] if dirt else [])]),
        "street": (pa.large_string(), ["a", None, ""]),
        "size": (pa.float64(), [0.1, None, NAN, 2.5, *([-INF, 1e39] if dirt else [])]),
    }
    columns = [drawn(found, type_, rng.randrange(1000), 80) for type_, found in values.values()]
    batch = pa.RecordBatch.from_arrays(columns, list(values))
    with Predictor(str(make_root(tmp_path / "root", *interleaved()))) as predictor:
        predicted = check_same(predictor, batch)
    assert bool(predicted.refused) == dirt


def test_a_trained_pipeline_refuses_and_answers_dirty_rows_as_the_function(tmp_path: Path) -> None:
    columns = [
        drawn(["Bern", "Köln", "東京", "nowhere", "", None], pa.string(), 1, 200),
        drawn([30.5, 80.0, NAN, None, INF, 1e300], pa.float64(), 2, 200),
        drawn([1.0, 2.0, 3.0, 4.5, None, NAN, 1e30], pa.float64(), 3, 200),
    ]
    with Predictor(str(make_root(tmp_path / "root", *models.mixed()))) as predictor:
        predicted = check_same(predictor, pa.RecordBatch.from_arrays(columns, ["city", "age", "rooms"]))
    assert {one.reason for one in predicted.refused} == {"missing", "not_finite", "too_large", "not_whole"}


@pytest.mark.parametrize("nullable", [False, True])
def test_an_empty_cell_of_csv_is_a_missing_text_where_one_may_be_missing(
    tmp_path: Path, nullable: bool
) -> None:
    texts = pa.RecordBatch.from_arrays([pa.array(["x", ""]), pa.array(["", "y"])], ["a", "b"])
    missing = pa.RecordBatch.from_arrays([pa.array(["x", None]), pa.array([None, "y"])], ["a", "b"])
    with open_echo(tmp_path / "root", "string", "text", nullable=nullable) as predictor:
        answers = predict(predictor, texts, format="csv", keep="all").answers
        same = predict(predictor, missing if nullable else texts).answers
        assert answers.select(same.schema.names) == same
        assert answers["a"].to_pylist() == ["x", ""]  # what is kept stays as it stands there
