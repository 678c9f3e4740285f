"""A file's columns are bound by name and type, and what does not fit is said at once, all of it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.rows import Binding
from runtimes.core.signature import Signature, read_signature
from tests.runtimes.batch.rows.asking import Job, check_same
from tests.runtimes.core import models

SEPAL = models.columns(["sepal length", "Sepal Width", "petal"])
KINDS = [
    *models.columns(["city"], "text", "city"),
    *models.columns(["rooms"], "integer", "rooms"),
    *models.columns(["new"], "boolean", "new"),
]


def signature_of(features: list[Any], *inputs: models.Spec, label: str = "prediction") -> Signature:
    outputs: list[models.Spec] = [("y", "float32", ["batch"])]
    return read_signature(models.signature(list(inputs), outputs, (label,), features=features))


IRIS = signature_of(SEPAL, ("X", "float32", ["batch", 3]))
MIXED = signature_of(
    KINDS, ("city", "string", ["batch", 1]), ("rooms", "uint64", ["batch", 1]), ("new", "bool", ["batch", 1])
)


def bind(
    signature: Signature, columns: dict[str, pa.DataType], format: str = "parquet", **options: Any
) -> Binding:
    return Binding(signature, pa.schema(list(columns.items())), format, Job(**options))


def refused(signature: Signature, columns: dict[str, pa.DataType], **options: Any) -> str:
    with pytest.raises(JobError) as raised:
        bind(signature, columns, **options)
    return f"{raised.value.message} ({raised.value.hint})"


FLOATS = dict.fromkeys(["id", "sepal length", "Sepal Width", "petal"], pa.float32())


def test_columns_are_found_by_name_in_any_order() -> None:
    binding = bind(IRIS, dict(reversed(FLOATS.items())), keep="rest")
    assert binding.columns == {name: name for name in ["sepal length", "Sepal Width", "petal"]}
    assert binding.kept == ["id"]


def test_every_missing_column_is_named_with_what_may_be_meant() -> None:
    message = refused(IRIS, {"sepal_length": pa.float32(), "sepal width": pa.float32(), "id": pa.int64()})
    assert "no column 'sepal length'; is it 'sepal_length'? --map 'sepal length=sepal_length'" in message
    assert "no column 'Sepal Width'; it is written 'sepal width'? --map 'Sepal Width=sepal width'" in message
    assert "no column 'petal'" in message
    assert "the file has sepal_length, sepal width, id" in message


def test_every_column_of_a_wrong_type_is_named() -> None:
    message = refused(
        IRIS, {"sepal length": pa.string(), "Sepal Width": pa.timestamp("s"), "petal": pa.bool_()}
    )
    assert "sepal length is string, and the model takes a number" in message
    assert "Sepal Width is timestamp[s], and the model takes a number" in message
    assert "petal is bool, and the model takes a number" in message


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        ("city", pa.binary()),
        ("city", pa.dictionary(pa.int8(), pa.int64())),
        ("rooms", pa.struct([("a", pa.int8())])),
        ("rooms", pa.list_(pa.int8())),
        ("rooms", pa.date32()),
        ("new", pa.int8()),
    ],
)
def test_types_that_hold_no_such_values_are_refused(column: str, type_: pa.DataType) -> None:
    columns = {"city": pa.string(), "rooms": pa.int64(), "new": pa.bool_(), column: type_}
    assert f"{column} is " in refused(MIXED, columns)


def test_the_types_of_texts_are_those_of_the_features() -> None:
    binding = bind(
        MIXED, dict.fromkeys(["city", "rooms", "new", "id"], pa.string()), format="csv", keep="rest"
    )
    assert binding.wanted == {"id": None, "city": pa.string(), "rooms": pa.uint64(), "new": pa.bool_()}
    assert binding.answers == pa.schema({"id": pa.string(), "prediction": pa.float32()})


def test_a_mapped_column_stands_in_for_the_models() -> None:
    columns = {"width": pa.float32(), "petal": pa.float64(), "sepal length": pa.int8()}
    binding = bind(IRIS, columns, map={"Sepal Width": "width"}, keep="all")
    assert binding.columns["Sepal Width"] == "width"
    assert binding.answers.names == ["width", "petal", "sepal length", "prediction"]


def test_a_mapping_of_what_the_model_does_not_take_is_refused() -> None:
    assert "--map names 'depth', which the model does not take" in refused(IRIS, FLOATS, map={"depth": "id"})
    assert "there is no column 'nothing'" in refused(IRIS, FLOATS, map={"petal": "nothing"})


def test_a_message_about_a_mapped_column_has_both_names() -> None:
    message = refused(IRIS, {**FLOATS, "w": pa.string()}, map={"petal": "w"})
    assert "petal (the column 'w') is string, and the model takes a number" in message


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("none", []),
        ("rest", ["id", "day"]),
        ("day,petal", ["day", "petal"]),
        (("petal", "id"), ["petal", "id"]),
    ],
)
def test_columns_are_kept_as_asked(keep: Any, kept: list[str]) -> None:
    binding = bind(IRIS, {**FLOATS, "day": pa.date32()}, keep=keep)
    assert binding.answers.names == [*kept, "prediction"]
    assert set(binding.wanted) == {*kept, "sepal length", "Sepal Width", "petal"}


def test_a_kept_column_that_is_not_there_is_refused() -> None:
    assert "there is no column 'Id' to keep" in refused(IRIS, FLOATS, keep="Id")


def test_two_columns_of_one_name_are_refused_where_they_are_read_or_kept() -> None:
    twice = pa.schema([*FLOATS.items(), ("petal", pa.float32())])
    with pytest.raises(JobError, match="there are 2 columns 'petal'"):
        Binding(IRIS, twice, "arrow", Job())
    twice = pa.schema([*FLOATS.items(), ("id", pa.float32())])
    assert Binding(IRIS, twice, "arrow", Job(keep="none")).answers.names == ["prediction"]
    with pytest.raises(JobError, match="there are 2 columns 'id'"):
        Binding(IRIS, twice, "arrow", Job(keep="rest"))


def test_an_answer_with_the_name_of_a_kept_column_is_refused_unless_it_has_a_prefix() -> None:
    columns = {**FLOATS, "prediction": pa.string()}
    assert "the answer 'prediction' would have the name of a column" in refused(IRIS, columns, keep="rest")
    assert bind(IRIS, columns, keep="rest", prefix="m_").answers.names == ["id", "prediction", "m_prediction"]
    assert bind(IRIS, columns, keep="id").answers.names == ["id", "prediction"]


def test_a_file_without_header_has_the_features_by_their_places() -> None:
    columns = dict.fromkeys(["f0", "f1", "f2", "f3"], pa.string())
    binding = bind(IRIS, columns, format="csv", header=False, keep="rest", map={"petal": "f3"})
    assert binding.columns == {"sepal length": "f0", "Sepal Width": "f1", "petal": "f3"}


def test_a_model_that_takes_no_rows_is_refused() -> None:
    document = models.signature([("a", "float32", [2]), ("b", "float32", [3])], [("y", "float32", [5])])
    assert "does not take rows" in refused(read_signature(document), {"a": pa.float32(), "b": pa.float32()})


@pytest.mark.parametrize("dtype", [pa.float32(), pa.float64(), pa.int8()])
def test_an_array_has_the_features_by_their_places(tmp_path: Path, dtype: pa.DataType) -> None:
    from runtimes.core.predictor import Predictor
    from tests.artifacts import make_root
    from tests.runtimes.batch.rows.asking import predict

    rows = pa.array([[1, 2], [3, 4], [None, 5], [7, 8]], pa.list_(dtype, 2))
    with Predictor(str(make_root(tmp_path / "root", *models.linear()))) as predictor:
        for some in (rows, rows.slice(1), rows.slice(0, 2)):
            joined = predict(predictor, pa.record_batch({"array": some}))
            apart = [pa.array([row[at] for row in some.to_pylist()], dtype) for at in (0, 1)]
            expected = check_same(predictor, pa.record_batch(apart, ["a", "b"]))
            assert (joined.answers, joined.refused) == (expected.answers, expected.refused)


def test_an_array_of_another_width_is_refused() -> None:
    message = refused(IRIS, {"array": pa.list_(pa.float32(), 4)})
    assert "and the model takes 3 features" in message
    assert "an array of the shape [rows, 3]" in message


def test_a_column_of_text_that_is_read_and_kept_comes_as_it_is_read() -> None:
    columns = {
        **dict.fromkeys(["sepal length", "Sepal Width"], pa.int64()),
        "petal": pa.null(),
        "id": pa.int64(),
    }
    binding = bind(IRIS, columns, format="jsonl", keep="petal,sepal length,id")
    assert binding.answers.types[:3] == [pa.float64(), pa.float64(), pa.int64()]
    assert bind(IRIS, columns, keep="sepal length").answers.types[0] == pa.int64()
