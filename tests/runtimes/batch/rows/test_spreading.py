"""The numbers of an input without names may stand in columns of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from onnx import helper

from runtimes.batch.errors import JobError
from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.batch.rows.asking import bind, leaves, predict
from tests.runtimes.core import models

ROWS = pa.record_batch(
    {"id": [1, 2, 3, 4], "a": [1.0, 2.0, None, 1e300], "b": [4, 5, 6, 7], "c": [0.5, 0.25, 0.0, 1.0]}
)
MAP = {"x": "b,a,c"}


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Predictor]:
    """Gives back rows of three doubles."""
    with Predictor(str(make_root(tmp_path / "root", *models.same("float64")))) as predictor:
        yield predictor


def test_columns_are_named_in_the_order_of_the_input(echo: Predictor) -> None:
    predicted = predict(echo, ROWS, map=MAP, keep="rest")
    assert predicted.answers.to_pydict() == {
        "id": [1, 2, 4],
        "y": [[4.0, 1.0, 0.5], [5.0, 2.0, 0.25], [7.0, 1e300, 1.0]],
    }
    assert [(one.row, one.column, one.reason) for one in predicted.refused] == [(2, "a", "missing")]
    rows: list[Any] = [{"x": [4.0, 1.0, 0.5]}, {"x": [7.0, 1e300, 1.0]}]
    asked: Any = echo.predict_rows(rows)["results"]
    assert [leaves(one) for one in asked] == [
        leaves(predicted.answers.column("y")[at].as_py()) for at in (0, 2)
    ]


def test_a_mapping_of_another_number_of_columns_is_refused(echo: Predictor) -> None:
    with pytest.raises(JobError, match="--map names 2 columns for x, which takes 3"):
        bind(echo, ROWS.schema, map={"x": "a,b"})


def test_a_mapped_column_that_is_missing_is_named(echo: Predictor) -> None:
    with pytest.raises(JobError, match="there is no column 'd'"):
        bind(echo, ROWS.schema, map={"x": "a,b,d"})


def test_without_a_mapping_its_form_is_told(echo: Predictor) -> None:
    with pytest.raises(JobError, match="there is no column 'x'") as raised:
        bind(echo, ROWS.schema)
    assert "--map x=A,B,… says which is which" in raised.value.hint


def test_without_a_header_they_are_the_first_columns(echo: Predictor) -> None:
    schema = pa.schema([(str(at), pa.string()) for at in range(4)])
    binding = bind(echo, schema, format="csv", header=False, keep="rest")
    assert binding.wanted == {"3": None, "0": pa.float64(), "1": pa.float64(), "2": pa.float64()}


def test_csv_has_no_lists(echo: Predictor) -> None:
    with pytest.raises(JobError, match="takes lists of numbers in the column 'x', and CSV has none"):
        bind(echo, pa.schema([("x", pa.string())]), format="csv")


def test_inputs_of_one_number_each_are_columns(tmp_path: Path) -> None:
    names = ["p", "q"]
    inputs: list[models.Spec] = [(name, "float32", ["batch", 1]) for name in names]
    nodes = [helper.make_node("Add", names, ["y"])]
    model = models.made(nodes, inputs, [("y", "float32", ["batch", 1])])
    with Predictor(str(make_root(tmp_path / "root", *model))) as predictor:
        binding = bind(predictor, pa.schema([("p", pa.string()), ("q", pa.string())]), format="csv")
        assert binding.wanted == {"p": pa.float64(), "q": pa.float64()}
        predicted = predict(predictor, pa.record_batch({"q": [1.0, 2.0], "p": [3, 4]}))
    assert predicted.answers.to_pydict() == {"y": [[4.0], [6.0]]}
