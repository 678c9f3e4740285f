"""Keras 3 models on torch: the graph answers as the model does, with the user's names, at several sizes."""

from pathlib import Path

import numpy as np
import pytest

from tests.converters.jobs import array_of, assert_answers_alike, do
from tests.converters.keras.models import (
    attention_model,
    coded_model,
    free_recurrent_model,
    image_model,
    keras_on_torch,
    row_model,
    saved,
    two_sided_model,
)


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_an_image_model_answers_alike(form: str, tmp_path: Path) -> None:
    done = do(tmp_path / "job", saved(image_model(), tmp_path / f"model.{form}"))
    assert_answers_alike(done)
    assert done.signature["inputs"] == [{"name": "image", "dtype": "float32", "shape": ["batch", 8, 8, 1]}]
    wanted = {"name": "kind", "dtype": "float32", "shape": ["batch", 3], "role": "prediction"}
    assert done.signature["outputs"] == [wanted]
    source = done.result["source"]
    assert source["framework"] == "keras"
    assert source["written_by"] == source["framework_version"] == keras_on_torch().__version__
    assert source["description"].startswith("Sequential(Rescaling, Conv2D, BatchNormalization")
    assert "Dropout" in source["loads"]


def test_the_answers_are_those_of_the_saved_model(tmp_path: Path) -> None:
    model = image_model()
    images = np.random.default_rng(0).normal(size=(9, 8, 8, 1)).astype(np.float32)
    np.save(tmp_path / "rows.npy", images)
    done = do(tmp_path / "job", saved(model, tmp_path / "model.keras"), samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done)
    last = done.cases[-1]
    assert np.array_equal(array_of(last["inputs"]["image"]), images)
    own = model(images, training=False).detach().numpy()
    assert np.allclose(array_of(last["outputs"]["kind"]), own, atol=1e-6)


def test_several_inputs_and_outputs_keep_the_names_of_their_layers(tmp_path: Path) -> None:
    done = do(tmp_path / "job", saved(two_sided_model(), tmp_path / "model.keras"))
    assert_answers_alike(done)
    assert {spec["name"]: spec["shape"] for spec in done.signature["inputs"]} == {
        "more": ["batch", 4],
        "words": ["batch", 6],
    }
    assert [(spec["name"], spec["role"]) for spec in done.signature["outputs"]] == [
        ("kind", "tensor"),
        ("size", "tensor"),
    ]
    words = array_of(done.cases[-1]["inputs"]["words"])
    assert words.dtype == np.float32 and set(np.unique(words)) == set(range(7))


def test_texts_of_any_length_stay_free_and_are_proved_at_two(tmp_path: Path) -> None:
    done = do(tmp_path / "job", saved(attention_model(), tmp_path / "model.keras"))
    assert_answers_alike(done)
    assert done.signature["inputs"] == [{"name": "words", "dtype": "int32", "shape": ["batch", "dim_2"]}]
    assert {array_of(case["inputs"]["words"]).shape[1] for case in done.cases} == {16, 24}
    assert array_of(done.cases[-1]["inputs"]["words"]).max() <= 10


def test_what_torch_cannot_do_asks_for_tensorflow(tmp_path: Path) -> None:
    path = saved(free_recurrent_model(), tmp_path / "model.keras")
    error = do(tmp_path / "job", path).error
    assert error["environment"] == "tensorflow"
    assert "recurrent layers over a free or long sequence" in error["message"]
    assert do(tmp_path / "look", path, action="inspect").signature["inputs"][0]["shape"] == [
        "batch",
        "dim_2",
        3,
    ]


def test_a_mask_over_a_recurrence_asks_for_tensorflow(tmp_path: Path) -> None:
    keras = keras_on_torch()
    layers = [keras.Input((6,)), keras.layers.Embedding(5, 3, mask_zero=True), keras.layers.LSTM(2)]
    error = do(tmp_path / "job", saved(keras.Sequential(layers), tmp_path / "model.keras")).error
    assert error["environment"] == "tensorflow"
    assert "masked steps" in error["message"]


def test_text_layers_ask_for_tensorflow(tmp_path: Path) -> None:
    keras = keras_on_torch()
    path = saved(row_model(), tmp_path / "model.keras")
    assert do(tmp_path / "job", path, action="inspect").result["ok"]
    assert keras.backend.backend() == "torch"
    from tests.converters.hostile_keras import layer, with_layer

    made = layer("keras.layers", "StringLookup", vocabulary=["a", "b"])
    error = do(tmp_path / "other", with_layer(tmp_path, made), action="inspect").error
    assert error["environment"] == "tensorflow"
    assert "StringLookup" in error["message"]


@pytest.mark.parametrize("version", ["2.15.0", None])
def test_files_of_keras_2_ask_for_tensorflow(version: str | None, tmp_path: Path) -> None:
    import h5py

    path = saved(row_model(), tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        del file.attrs["keras_version"]
        if version:
            file.attrs["keras_version"] = version
    error = do(tmp_path / "job", path).error
    assert error["environment"] == "tensorflow"
    assert "was written by Keras 2" in error["message"]


def test_a_compiled_model_within_a_model_is_taken(tmp_path: Path) -> None:
    keras = keras_on_torch()
    inner = row_model()
    inner.compile(optimizer="adam", loss="mse", metrics=["mae", keras.metrics.MeanSquaredError()])
    rows = keras.Input((4,), name="rows")
    path = saved(keras.Model(rows, inner(rows)[:, 1:] * 2), tmp_path / "model.keras")
    done = do(tmp_path / "job", path, action="inspect")
    assert done.signature["outputs"][0]["shape"] == ["batch", 2]


def test_a_model_without_shapes_is_named_so(tmp_path: Path) -> None:
    keras = keras_on_torch()
    path = saved(keras.Sequential([keras.layers.Dense(2)]), tmp_path / "model.keras")
    assert "does not say the shapes of its inputs" in do(tmp_path / "job", path).error["message"]


def test_tflite_answers_alike(tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    done = do(tmp_path / "job", saved(image_model(), tmp_path / "model.keras"), format="tflite")
    assert done.result["ok"], done.result
    assert done.signature["inputs"][0]["name"] == "image"
    runner = Interpreter(model_path=str(done.folder / "model.tflite")).get_signature_runner()
    for case in done.cases:
        answers = runner(**{name: array_of(tensor) for name, tensor in case["inputs"].items()})
        for name, tensor in case["outputs"].items():
            assert np.allclose(answers[name], array_of(tensor), atol=1e-5)


def test_inputs_of_a_dictionary_keep_its_keys(tmp_path: Path) -> None:
    done = do(tmp_path / "job", saved(coded_model(), tmp_path / "model.keras"))
    assert_answers_alike(done)
    assert {spec["name"]: spec["shape"] for spec in done.signature["inputs"]} == {
        "kind": ["batch", 2],
        "width": ["batch", 3],
    }
    assert set(np.unique(array_of(done.cases[-1]["inputs"]["kind"]))) <= {0, 1, 2, 3}
