"""Calibration rows for TFLite: whole numbers of any width, several inputs, fixed and free sizes."""

import json
from pathlib import Path

import numpy as np
import pytest

from packager.converters.tensors import tensor_document
from tests.converters.jobs import Done, do
from tests.converters.passes.tflite_models import changed, model_bytes, passed
from tests.runtimes.core.tflite_models import Graph

RANDOM = np.random.default_rng(0)


def words_and_numbers(batch: int | str) -> bytes:
    """A table of words beside numbers, joined by a dense layer; its signature names them otherwise."""
    graph = Graph()
    graph.tensor("t0", "int32", [batch])
    graph.tensor("t1", "float32", [batch, 8])
    graph.constant("table", RANDOM.normal(size=(5, 24)).astype(np.float32))
    graph.constant("w", RANDOM.normal(size=(16, 32)).astype(np.float32))
    graph.constant("b", np.zeros(16, np.float32))
    graph.tensor("found", "float32", [batch, 24])
    graph.tensor("both", "float32", [batch, 32])
    graph.tensor("y", "float32", [batch, 16])
    graph.operator("GATHER", ["table", "t0"], ["found"], GatherOptions={"axis": 0})
    graph.operator("CONCATENATION", ["t1", "found"], ["both"], ConcatenationOptions={"axis": 1})
    graph.operator("FULLY_CONNECTED", ["both", "w", "b"], ["y"], FullyConnectedOptions={})
    return graph.written(["t0", "t1"], ["y"], {"numbers": "t1", "words": "t0", "answer": "y"})


def converted(folder: Path, batch: int | str) -> Done:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.tflite").write_bytes(words_and_numbers(batch))
    done = do(folder / "converted", folder / "source.tflite", format="tflite")
    assert done.result["ok"], done.result
    return done


def calibrate(done: Done, *cases: dict[str, np.ndarray]) -> None:
    documents = [
        {"inputs": {name: tensor_document(array) for name, array in case.items()}, "outputs": {}}
        for case in cases
    ]
    path = done.folder / "calibration.json"
    path.write_text(json.dumps({"schema_version": 1, "cases": documents}), encoding="utf-8")


def rows(count: int, words: type = np.int64) -> dict[str, np.ndarray]:
    numbers = np.random.default_rng(count).normal(size=(count, 8)).astype(np.float32)
    return {"words": np.arange(count).astype(words) % 5, "numbers": numbers}


@pytest.mark.parametrize(("batch", "sizes"), [("batch", (20, 3)), (4, (4, 4, 4))])
def test_reads_long_whole_numbers_and_batches_of_any_size(
    tmp_path: Path, batch: int | str, sizes: tuple[int, ...]
) -> None:
    done = converted(tmp_path, batch)
    calibrate(done, *(rows(size) for size in sizes))
    made = passed(tmp_path / "pass", done, {"kind": "tflite_full_int8"})
    assert model_bytes(made)
    assert changed(made) == ["found", "both", "y"]
    assert made.result["applied"][0]["detail"].endswith(f"ranges of {sum(sizes)} rows")


def test_only_what_is_a_fraction_becomes_a_code(tmp_path: Path) -> None:
    done = converted(tmp_path, "batch")
    calibrate(done, rows(16))
    made = passed(tmp_path / "pass", done, {"kind": "tflite_full_int8", "io": "int8"})
    assert sorted(made.result["applied"][0]["quantized_io"]) == ["answer", "numbers"]


def test_refuses_numbers_that_the_input_cannot_hold(tmp_path: Path) -> None:
    done = converted(tmp_path, "batch")
    calibrate(done, {**rows(8), "words": np.full(8, 2**40)})
    made = passed(tmp_path / "pass", done, {"kind": "tflite_full_int8"})
    assert made.error["message"] == "The calibration rows have numbers for words that are no int32"


def test_refuses_rows_of_another_model(tmp_path: Path) -> None:
    done = converted(tmp_path, "batch")
    calibrate(done, {"pixels": np.zeros((8, 4), np.float32)})
    made = passed(tmp_path / "pass", done, {"kind": "tflite_int16"})
    assert made.error["message"] == "The calibration rows have 'pixels', which the model does not take"


def test_refuses_rows_on_which_the_model_answers_no_numbers(tmp_path: Path) -> None:
    done = converted(tmp_path, "batch")
    calibrate(done, {**rows(8), "numbers": np.full((8, 8), np.nan, np.float32)})
    made = passed(tmp_path / "pass", done, {"kind": "tflite_full_int8"})
    assert "is no number on the rows" in made.error["message"]
