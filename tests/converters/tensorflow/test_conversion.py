"""What torch cannot read or export, converted in TensorFlow's environment: the answers are TensorFlow's."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from packager import conversion
from packager.conversion import Conversion, Way
from packager.errors import ConversionError, PackagerError, SourceError, UnsafeModelError
from packager.worker import WorkerRequest
from tests.converters.jobs import Done, array_of, assert_answers_alike
from tests.converters.keras.models import free_recurrent_model, saved
from tests.packages import Published
from tests.published import DEEPLC, SLEEP_STAGES, SPEECH_OR_MUSIC


def convert(folder: Path, source: Path, **options: Any) -> Conversion:
    return conversion.convert(
        WorkerRequest(action="convert", source=source, rows=16, **options), folder, Way()
    )


def refused(folder: Path, source: Path) -> PackagerError:
    with pytest.raises(PackagerError) as caught:
        convert(folder, source)
    return caught.value


def done(made: Conversion) -> Done:
    folder = made.model.path.parent
    return Done(folder, json.loads((folder / "result.json").read_text(encoding="utf-8")))


def assert_tflite_alike(made: Conversion) -> None:
    runner = Interpreter(model_path=str(made.model.path)).get_signature_runner()
    cases = done(made).cases
    assert cases
    for case in cases:
        answers = runner(**{name: array_of(tensor) for name, tensor in case["inputs"].items()})
        for name, tensor in case["outputs"].items():
            assert np.allclose(answers[name], array_of(tensor), atol=1e-5), name


def test_keras_2_with_recurrences_masks_and_several_inputs(models: Path, tmp_path: Path) -> None:
    made = convert(tmp_path, models / "two_sided.h5")
    assert_answers_alike(done(made))
    assert [(spec.name, spec.shape) for spec in made.model.signature.inputs] == [
        ("words", ("batch", 6)),
        ("more", ("batch", 4)),
    ]
    assert [spec.name for spec in made.model.signature.outputs] == ["kind", "size"]
    words = array_of(done(made).cases[-1]["inputs"]["words"])
    assert set(np.unique(words)) == set(range(7))
    assert made.record.converter.startswith("tf2onnx")
    assert made.source.written_by is not None and made.source.written_by.startswith("2.")
    assert "torch" not in made.record.packages


def test_keras_2_with_sequences_of_any_length(models: Path, tmp_path: Path) -> None:
    made = convert(tmp_path, models / "free.h5")
    assert_answers_alike(done(made))
    assert made.model.signature.inputs[0].shape == ("batch", "dim_2", 3)
    assert {array_of(case["inputs"]["steps"]).shape[1] for case in done(made).cases} == {16, 24}


def test_the_keras_format_of_keras_2(models: Path, tmp_path: Path) -> None:
    assert_answers_alike(done(convert(tmp_path, models / "image_2.keras")))


def test_keras_3_that_torch_cannot_export_with_steps_left_out(tmp_path: Path) -> None:
    path = saved(free_recurrent_model(), tmp_path / "model.keras")
    made = convert(tmp_path / "job", path)
    assert_answers_alike(done(made))
    assert made.record.converter.startswith("tf2onnx")
    steps = array_of(done(made).cases[-1]["inputs"]["steps"])
    assert (steps[1, -5:] == -1).all() and not (steps[0] == -1).any()


@pytest.mark.parametrize("name", ["image.h5", "image"])
def test_tflite_with_a_free_batch(name: str, models: Path, tmp_path: Path) -> None:
    made = convert(tmp_path, models / name, format="tflite")
    assert_tflite_alike(made)
    assert made.model.signature.inputs[0].shape == ("batch", 8, 8, 1)


def test_tflite_of_a_recurrence_takes_one_row(models: Path, tmp_path: Path) -> None:
    made = convert(tmp_path, models / "two_sided.h5", format="tflite")
    assert_tflite_alike(made)
    assert [spec.shape for spec in made.model.signature.inputs] == [(1, 6), (1, 4)]
    assert len(done(made).cases) >= 4


def test_tflite_refuses_a_recurrence_over_any_length(models: Path, tmp_path: Path) -> None:
    """The engine gives answers their memory before a run, and a loop's length shows in the run alone."""
    with pytest.raises(ConversionError, match="found while it runs"):
        convert(tmp_path, models / "free.h5", format="tflite")


def test_a_saved_model_keeps_the_names_of_its_signature(models: Path, tmp_path: Path) -> None:
    made = convert(tmp_path, models / "several")
    assert_answers_alike(done(made))
    assert [(spec.name, spec.dtype, spec.shape) for spec in made.model.signature.inputs] == [
        ("places", "int32", ("batch", "dim_2")),
        ("rows", "float32", ("batch", 2)),
    ]
    assert [(spec.name, spec.shape) for spec in made.model.signature.outputs] == [
        ("scores", ("batch", 2)),
        ("total", ("batch",)),
    ]
    assert made.source.framework == "tensorflow"


def test_tflite_names_the_operator_that_it_has_not(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="TFLite has no operator for Erfc"):
        convert(tmp_path, models / "several", format="tflite")


@pytest.mark.parametrize(
    ("name", "operator"),
    [("read", "ReadFile"), ("write", "WriteFile"), ("restore", "RestoreV2"), ("call", "EagerPyFunc")],
)
def test_refuses_a_saved_model_that_does_more_than_compute(
    name: str, operator: str, models: Path, canary: Path, tmp_path: Path
) -> None:
    error = refused(tmp_path, models / name)
    assert isinstance(error, UnsafeModelError)
    assert operator in error.message
    assert not canary.exists()


@pytest.mark.parametrize(
    ("name", "words"), [("silent", "has no signature"), ("two", "has the signatures first, second")]
)
def test_refuses_a_saved_model_without_one_signature_to_serve(
    name: str, words: str, models: Path, tmp_path: Path
) -> None:
    error = refused(tmp_path, models / name)
    assert isinstance(error, SourceError)
    assert words in error.message


def test_refuses_a_damaged_saved_model_and_one_with_links(models: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(models / "image", tmp_path / "damaged")
    data = (damaged / "saved_model.pb").read_bytes()
    (damaged / "saved_model.pb").write_bytes(data[: len(data) // 2])
    assert isinstance(refused(tmp_path / "a", damaged), SourceError)
    linked = shutil.copytree(models / "image", tmp_path / "linked")
    (linked / "assets").mkdir(exist_ok=True)
    (linked / "assets" / "words.txt").symlink_to("/etc/hostname")
    error = refused(tmp_path / "b", linked)
    assert isinstance(error, UnsafeModelError)
    assert "links are not followed" in error.message


@pytest.mark.network
@pytest.mark.parametrize(
    ("published", "inputs"),
    [
        (SPEECH_OR_MUSIC, [("batch", 68, 21)]),
        (SLEEP_STAGES, [("batch", "dim_2", 36)]),
        (DEEPLC, [("batch", 60, 6), ("batch", 30, 6), ("batch", 55), ("batch", 60, 20)]),
    ],
)
def test_published_models_answer_alike(published: Published, inputs: list[Any], tmp_path: Path) -> None:
    made = convert(tmp_path, published.fetch())
    assert_answers_alike(done(made))
    assert [spec.shape for spec in made.model.signature.inputs] == inputs
