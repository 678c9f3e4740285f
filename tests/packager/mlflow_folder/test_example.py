"""The input example as rows: each form in which MLflow has written it."""

import json
from pathlib import Path
from typing import Any

import pytest

from packager import mlflow_folder
from packager.errors import SourceError
from tests.packager.mlflow_folder import folders


def rows_of(folder: Path, kind: str, example: str) -> list[Any] | None:
    info = {"artifact_path": "input_example.json", "type": kind, "pandas_orient": "split"}
    folders.make(folder, saved_input_example_info=info)
    (folder / "input_example.json").write_text(example)
    written = mlflow_folder.write_rows(mlflow_folder.read(folder), folder)
    return [json.loads(line) for line in written.read_text().splitlines()] if written else None


@pytest.mark.parametrize(
    ("kind", "example", "rows"),
    [
        ("dataframe", {"columns": ["a", "b"], "data": [[1, None], [2, "x"]]},
         [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
        ("dataframe", {"columns": ["a"], "index": [7], "data": [[1]]}, [{"a": 1}]),
        ("dataframe", [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ("ndarray", [[1.5, 2.5], [3.5, 4.5]], [[1.5, 2.5], [3.5, 4.5]]),
        ("ndarray", {"inputs": [[1.5], [2.5]]}, [[1.5], [2.5]]),
        ("ndarray", {"X": [[1.5]], "Y": [[2]]}, [{"inputs": {"X": [[1.5]], "Y": [[2]]}}]),
        ("ndarray", {"inputs": {"X": [[1.5]], "Y": [[2]]}}, [{"inputs": {"X": [[1.5]], "Y": [[2]]}}]),
    ],
)  # fmt: skip
def test_rows_come_out_as_they_were_saved(tmp_path: Path, kind: str, example: Any, rows: list[Any]) -> None:
    assert rows_of(tmp_path / "m", kind, json.dumps(example)) == rows


def test_an_example_without_rows_is_left_alone(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "m", "json_object", '{"prompt": "hello"}') is None


@pytest.mark.parametrize("example", ["no json", "3", "[" * 100_000])
def test_a_damaged_example_is_refused_with_a_sentence(tmp_path: Path, example: str) -> None:
    with pytest.raises(SourceError, match="input_example") as caught:
        rows_of(tmp_path / "m", "ndarray", example)
    assert caught.value.hint == "give rows with --samples"
