"""Keras and TensorFlow models, quantized by TensorFlow's own converter in its own environment."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from packager import conversion
from packager.conversion import Conversion, Way
from packager.errors import ConversionError
from packager.passes import PASSES
from packager.worker import WorkerRequest
from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.converters.jobs import array_of
from tests.converters.keras.models import keras_on_torch, saved

IMAGES = np.random.default_rng(0).random((64, 8, 8, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "images.npy"
    np.save(path, IMAGES)
    return path


def quantized(folder: Path, source: Path, mode: str, samples: Path | None) -> Conversion:
    options = PASSES["tf_quantize"].model_validate({"mode": mode}).model_dump(mode="json")
    request = WorkerRequest(
        action="convert",
        source=source,
        format="tflite",
        samples=samples,
        rows=16,
        passes=(options,),
        calibration_rows=16 if samples else 0,
        evaluation_rows=16 if samples else 0,
    )
    return conversion.convert(request, folder, Way())


def said(made: Conversion) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made.model.path.parent / "result.json").read_text(encoding="utf-8"))
    return found


def moved(made: Conversion) -> float:
    """How far the answers are from the source model's own, by the interpreter and by the shipped engine."""
    cases = json.loads(made.reference.read_text(encoding="utf-8"))["cases"]
    runner = Interpreter(model_path=str(made.model.path), num_threads=1).get_signature_runner()
    data, signature = made.model.path.read_bytes(), said(made)["signature"]
    root = make_root(made.reference.parent / "root", data, signature, file="model.tflite")
    (name,) = (spec.name for spec in made.model.signature.outputs)
    worst = 0.0
    with Predictor(str(root)) as predictor:
        for case in cases:
            given: dict[str, Any] = {key: array_of(tensor) for key, tensor in case["inputs"].items()}
            own = array_of(case["outputs"][name])
            worst = max(worst, float(np.abs(runner(**given)[name] - own).max()))
            shipped = np.frombuffer(predictor.run(given)[name].to_bytes(), own.dtype).reshape(own.shape)
            worst = max(worst, float(np.abs(shipped - own).max()))
    return worst


def test_a_keras_model_is_quantized_as_it_is_converted(models: Path, samples: Path, tmp_path: Path) -> None:
    made = quantized(tmp_path, models / "image.h5", "full_int8", samples)
    (applied,) = said(made)["applied"]
    assert applied["kind"] == "tf_quantize"
    assert applied["detail"].endswith("ranges of 16 rows")
    assert len(applied["layers"]) >= 3
    assert [(spec.name, spec.dtype) for spec in made.model.signature.inputs] == [("image", "float32")]
    assert 0 < moved(made) < 0.05


def test_a_saved_model_is_quantized_without_rows_where_none_are_needed(models: Path, tmp_path: Path) -> None:
    made = quantized(tmp_path, models / "image", "float16", None)
    assert "float16" in said(made)["applied"][0]["detail"]
    assert 0 < moved(made) < 0.02


def test_a_keras_3_model_goes_to_the_environment_of_tensorflow(tmp_path: Path) -> None:
    keras = keras_on_torch()
    layers = keras.layers
    net = keras.Sequential([keras.Input((64,), name="row"), layers.Dense(64), layers.Dense(3)])
    made = quantized(tmp_path / "job", saved(net, tmp_path / "net.keras"), "dynamic_int8", None)
    assert made.environment.name == "tensorflow"
    assert said(made)["applied"][0]["detail"] == "layers: 1 of int8"


def test_refuses_a_model_in_which_nothing_becomes_shorter(
    models: Path, samples: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match="found nothing to make dynamic_int8"):
        quantized(tmp_path, models / "image.h5", "dynamic_int8", samples)
