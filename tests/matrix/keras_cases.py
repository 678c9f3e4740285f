"""Keras 3 and Keras 2 files, and TensorFlow's SavedModel."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from packager import environments, recipes
from tests.matrix.case import Case, Files

_OLD = """
import sys
import tensorflow as tf
import tf_keras as keras
keras.utils.set_random_seed(0)
{body}
"""
_OLD_NETS = {
    "convolutions": """
model = keras.Sequential([keras.Input((8, 8, 1), name="image"), keras.layers.Conv2D(4, 3, activation="relu"),
    keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")])
model.save(sys.argv[1])
""",
    "recurrent": """
model = keras.Sequential([keras.Input((10, 6), name="steps"), keras.layers.LSTM(8), keras.layers.Dense(2)])
model.save(sys.argv[1])
""",
}
_SAVED_MODEL = """
hidden = keras.layers.Dense(6, activation="relu")
model = keras.Sequential([keras.Input((8,), name="row"), hidden, keras.layers.Dense(2)])
tf.saved_model.save(model, sys.argv[1])
"""


def _keras() -> Any:
    """Keras on torch; it would write its settings into the home of whoever runs the tests."""
    os.environ["KERAS_BACKEND"] = "torch"
    # One folder for all processes: workers of the tests end without a chance to remove one of their own.
    os.environ.setdefault("KERAS_HOME", str(Path(tempfile.gettempdir(), f"packager-keras-{os.getuid()}")))
    import keras

    keras.utils.set_random_seed(0)
    return keras


def _perceptron() -> Any:
    keras = _keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8,), name="row"),
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def _convolutions() -> Any:
    keras = _keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 12, 3), name="image"), layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(), layers.DepthwiseConv2D(3), layers.GlobalAveragePooling2D(),
            layers.Dense(4),
        ]
    )  # fmt: skip


def _recurrent() -> Any:
    keras = _keras()
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((None, 6), name="steps"), layers.Bidirectional(layers.LSTM(8)), layers.Dense(2)]
    )


def _attention() -> Any:
    keras = _keras()
    layers = keras.layers
    words = keras.Input((12,), dtype="int32", name="words")
    seen = layers.Embedding(40, 16)(words)
    seen = layers.LayerNormalization()(seen + layers.MultiHeadAttention(2, 8)(seen, seen))
    return keras.Model(words, layers.Dense(3)(layers.GlobalAveragePooling1D()(seen)))


def _two_inputs() -> Any:
    keras = _keras()
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    both = layers.Concatenate()([layers.Dense(8, activation="gelu")(left), right])
    return keras.Model(
        [left, right], [layers.Dense(2, name="score")(both), layers.Dense(1, name="value")(both)]
    )


def _saved(name: str, build: Callable[[], Any], file: str, **changes: Any) -> Case:
    def make(folder: Path) -> Files:
        build().save(folder / file)
        return Files(folder / file)

    return Case("Keras", f"{name} ({Path(file).suffix})", make, **changes)


def _lambda(folder: Path) -> Files:
    keras = _keras()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda row: row * 2)])
    model.save(folder / "model.keras")
    return Files(folder / "model.keras")


def _in_tensorflow(body: str, path: Path) -> None:
    """Runs in the environment that a worker would have."""
    python = environments.find(recipes.recipe("tensorflow")).python
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [str(python), "-c", _OLD.format(body=body), str(path)]
    subprocess.run(command, check=True, env=env, capture_output=True)


def _old(name: str, file: str, **changes: Any) -> Case:
    def make(folder: Path) -> Files:
        _in_tensorflow(_OLD_NETS[name], folder / file)
        return Files(folder / file)

    return Case("Keras", f"{name} (Keras 2, {Path(file).suffix})", make, **changes)


def _saved_model(folder: Path) -> Files:
    _in_tensorflow(_SAVED_MODEL, folder / "saved")
    np.save(folder / "rows.npy", np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32))
    return Files(folder / "saved", {"samples": folder / "rows.npy"})


CASES = [
    _saved("perceptron", _perceptron, "model.keras"),
    _saved("convolutions", _convolutions, "model.keras"),
    _saved("recurrent", _recurrent, "model.keras"),
    _saved("attention", _attention, "model.keras"),
    _saved("two inputs", _two_inputs, "model.keras"),
    _saved("perceptron", _perceptron, "model.h5"),
    _saved("perceptron", _perceptron, "model.keras", format="tflite"),
    _saved("convolutions", _convolutions, "model.keras", format="tflite"),
    _old("convolutions", "model.h5"),
    _old("recurrent", "model.h5"),
    _old("convolutions", "model.h5", format="tflite"),
    Case("TensorFlow", "SavedModel", _saved_model),
    Case("TensorFlow", "SavedModel", _saved_model, format="tflite"),
    Case("Keras", "Lambda layer (.keras)", _lambda, refused=("UnsafeModelError", "Lambda")),
]
