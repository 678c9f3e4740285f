"""TFLite files as sources: what is read, what is refused by name; the shipped engine answers alike."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtimes.core.predictor import Predictor
from tests import published
from tests.artifacts import Document, make_root
from tests.converters.jobs import Done, array_of, do
from tests.packages import Published
from tests.runtimes.core import tflite_models as models
from tests.runtimes.core.models import Model
from tests.runtimes.core.tflite_models import Graph


def converted(tmp_path: Path, model: bytes | Path, **changes: Any) -> Done:
    source = tmp_path / "source.tflite" if isinstance(model, bytes) else model
    if isinstance(model, bytes):
        source.write_bytes(model)
    return do(tmp_path / "job", source, **{"format": "tflite", **changes})


def assert_engine_answers_alike(done: Done, tmp_path: Path, tolerance: float = 1e-6) -> None:
    """The shipped runtime, on the file that was written, against the interpreter's answers."""
    written = (done.folder / "model.tflite").read_bytes()
    root = make_root(tmp_path / "root", written, done.signature, file="model.tflite")
    with Predictor(str(root)) as predictor:
        for case in done.cases:
            answers = predictor.run({name: array_of(tensor) for name, tensor in case["inputs"].items()})
            for name, tensor in case["outputs"].items():
                expected = array_of(tensor)
                found = np.frombuffer(answers[name].to_bytes(), expected.dtype).reshape(expected.shape)
                np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def shapes(side: list[Document]) -> dict[str, list[Any]]:
    return {spec["name"]: spec["shape"] for spec in side}


def test_the_file_ships_as_it_is(tmp_path: Path) -> None:
    model, _ = models.linear()
    done = converted(tmp_path, model)
    assert (done.folder / "model.tflite").read_bytes() == model
    assert done.result["model"] == {
        "path": "model.tflite",
        "format": "tflite",
        "opset": None,
        "converter": "none: the model is TFLite already",
    }
    assert done.result["source"]["description"] == "TFLite, 1 operators (FULLY_CONNECTED)"


@pytest.mark.parametrize(
    ("model", "inputs", "outputs"),
    [
        (models.linear(), {"X": ["batch", 2]}, {"y": ["batch", 1]}),
        (models.linear(3), {"X": [3, 2]}, {"y": [3, 1]}),
        (models.image(), {"pixels": ["batch", 4, 4, 2]}, {"scores": ["batch", 3]}),
        (models.embedding(), {"tokens": ["batch", "tokens_1"]}, {"vectors": ["batch", "tokens_1", 2]}),
        (models.recurrent(), {"x": [1, 2, 2]}, {"y": [1, 2, 2]}),
        (
            models.switch(),
            {"flag": ["batch", 2], "a": ["batch", 2], "b": ["batch", 2]},
            {"chosen": ["batch", 2], "difference": ["batch", 2]},
        ),
    ],
)
def test_sizes_are_free_where_the_file_says_so_and_the_model_runs_with_them(
    tmp_path: Path, model: Model, inputs: Document, outputs: Document
) -> None:
    done = converted(tmp_path, model[0])
    assert shapes(done.signature["inputs"]) == inputs
    assert shapes(done.signature["outputs"]) == outputs
    assert_engine_answers_alike(done, tmp_path)


def test_a_batch_whose_rows_know_of_each_other_is_none(tmp_path: Path) -> None:
    """The file leaves the first size free, but each answer is a share of the whole batch."""
    graph = Graph()
    graph.tensor("x", "float32", ["batch", 2])
    graph.constant("axis", np.array([0], np.int32))
    graph.tensor("total", "float32", [1, 2])
    graph.tensor("y", "float32", ["batch", 2])
    graph.operator("SUM", ["x", "axis"], ["total"], ReducerOptions={"keepDims": True})
    graph.operator("DIV", ["x", "total"], ["y"], DivOptions={})
    done = converted(tmp_path, graph.written(["x"], ["y"]))
    assert shapes(done.signature["inputs"]) == {"x": [1, 2]}
    (note,) = done.result["notes"]
    assert note.startswith("the file leaves more sizes free than ship (x [1, 2]): ")
    assert note.endswith("The model's y for a row depends on the other rows")


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (models.computed_sizes(), {"x": ["batch", 4]}),
        (models.flattened(), {"x": ["batch", 3, 4]}),
        (models.flattened("length"), {"x": [1, "x_1", 4]}),
    ],
)
def test_sizes_that_the_model_computes_while_it_runs_become_constants(
    tmp_path: Path, model: Model, inputs: Document
) -> None:
    """The engine would give the answers too little memory: what is left to compute must not be a size."""
    done = converted(tmp_path, model[0])
    assert done.result["model"]["converter"] == "packager: computed sizes made constant"
    assert shapes(done.signature["inputs"]) == inputs
    assert_engine_answers_alike(done, tmp_path)


def test_answers_whose_sizes_depend_on_the_values_are_refused(tmp_path: Path) -> None:
    error = converted(tmp_path, models.places()[0]).error
    assert error["message"] == "The sizes of the model's answers are found while it runs"


def test_codes_are_taken_as_they_are_and_explained(tmp_path: Path) -> None:
    model = models.quantized()
    done = converted(tmp_path, model[0])
    assert [spec["dtype"] for spec in done.signature["inputs"]] == ["int8"]
    assert done.result["notes"] == [
        "x is int8: each number n stands for 0.5 × (n - 3)",
        "y is int8: each number n stands for 0.25 × (n - -10)",
    ]
    values = np.concatenate([array_of(case["inputs"]["x"]).ravel() for case in done.cases])
    assert values.min() < -90
    assert values.max() > 90
    assert_engine_answers_alike(done, tmp_path, tolerance=0)


def test_one_of_several_signatures_is_served_and_the_others_are_named(tmp_path: Path) -> None:
    done = converted(tmp_path, models.two_signatures())
    assert shapes(done.signature["inputs"]) == {"pixels": [1, 2]}
    assert done.result["notes"][0] == "of the file's signatures serving_default is served, not train"
    assert_engine_answers_alike(done, tmp_path)


def test_samples_are_what_the_proof_is_made_of(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).random((9, 4, 4, 2), dtype=np.float32)
    np.save(tmp_path / "rows.npy", rows)
    done = converted(tmp_path, models.image(2)[0], samples=str(tmp_path / "rows.npy"))
    assert [len(array_of(case["inputs"]["pixels"])) for case in done.cases] == [2, 2, 2, 2]
    np.testing.assert_array_equal(array_of(done.cases[1]["inputs"]["pixels"]), rows[2:4])
    assert_engine_answers_alike(done, tmp_path)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (models.custom(), r"operators that LiteRT does not have: OurOwnOperator \(1\)"),
        (models.same("string"), "The input x holds string; served are"),
        (models.counter(), r"keeps a state from one call to the next \(1 × ASSIGN_VARIABLE\)"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(tmp_path: Path, model: Model, message: str) -> None:
    error = converted(tmp_path, model[0]).error
    assert error["kind"] == "ConversionError"
    assert re.search(message, error["message"]), error


def test_an_onnx_model_is_not_made_of_it(tmp_path: Path) -> None:
    error = converted(tmp_path, models.linear()[0], format="onnx").error
    assert error["message"] == "A TFLite model is not converted to ONNX"
    assert error["hint"] == "build it as it is: leave out --format"


@pytest.mark.network
@pytest.mark.parametrize(
    ("model", "operators"),
    [
        (published.HAND_LANDMARKS, "DEQUANTIZE"),
        (published.SELFIE_SEGMENTATION, "HARD_SWISH"),
        (published.IRIS_LANDMARKS, "PRELU"),
        (published.SPARSE_FACE_DETECTION, "DENSIFY"),
        (published.BASIC_PITCH_TFLITE, "TRANSPOSE"),
    ],
    ids=lambda value: value.member.rpartition("/")[2] if isinstance(value, Published) else value,
)
def test_published_models_are_answered_by_the_shipped_engine_as_by_the_interpreter(
    tmp_path: Path, model: Published, operators: str
) -> None:
    done = converted(tmp_path, model.fetch(), rows=2)
    assert operators in done.result["source"]["description"]
    assert_engine_answers_alike(done, tmp_path)


@pytest.mark.network
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (published.FACE_WITH_ATTENTION, "Landmarks2TransformMatrix (3), TransformTensorBilinear (3)"),
        (published.WAKE_WORD, "6 × ASSIGN_VARIABLE"),
    ],
    ids=["custom operators", "state"],
)
def test_published_models_that_cannot_be_served_are_refused(
    tmp_path: Path, model: Published, message: str
) -> None:
    assert message in converted(tmp_path, model.fetch()).error["message"]
