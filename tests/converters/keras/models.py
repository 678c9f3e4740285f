"""Small Keras models, made on torch in this process."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any


def keras_on_torch() -> Any:
    """Keras as the converter imports it; its settings stay out of the user's home."""
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-home-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    return keras


def saved(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return path


def row_model() -> Any:
    keras = keras_on_torch()
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((4,), name="rows"), keras.layers.Dense(3, name="scores")])


def image_model() -> Any:
    keras = keras_on_torch()
    keras.utils.set_random_seed(1)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Rescaling(1 / 255.0),
            layers.Conv2D(4, 3, padding="same", strides=2),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.DepthwiseConv2D(3),
            layers.MaxPooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax", name="kind"),
        ]
    )


def two_sided_model() -> Any:
    """A table of words, a recurrence both ways, a dictionary in and out."""
    keras = keras_on_torch()
    keras.utils.set_random_seed(2)
    layers = keras.layers
    words, more = keras.Input((6,), name="words"), keras.Input((4,), name="more")
    seen = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(layers.Embedding(7, 4)(words))
    seen = layers.Concatenate()([layers.GRU(3)(seen), layers.Dense(2, activation="gelu")(more)])
    answers = {"kind": layers.Dense(3, activation="softmax")(seen), "size": layers.Dense(1)(seen)}
    return keras.Model({"words": words, "more": more}, answers)


def coded_model() -> Any:
    """Inputs without names in a dictionary, one of them classes of which there are four."""
    keras = keras_on_torch()
    keras.utils.set_random_seed(5)
    width, kind = keras.Input((3,)), keras.Input((2,), dtype="int32")
    coded = keras.layers.CategoryEncoding(4, output_mode="multi_hot")(kind)
    answer = keras.layers.Dense(2)(keras.layers.Concatenate()([width, coded]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return keras.Model({"width": width, "kind": kind}, answer)


def attention_model() -> Any:
    """Texts of any length."""
    keras = keras_on_torch()
    keras.utils.set_random_seed(3)
    layers = keras.layers
    words = keras.Input((None,), dtype="int32", name="words")
    seen = layers.Embedding(11, 8)(words)
    seen = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(seen, seen) + seen)
    return keras.Model(words, layers.Dense(2, name="scores")(layers.GlobalAveragePooling1D()(seen)))


def free_recurrent_model() -> Any:
    """Sequences of any length, with steps to leave out: torch's exporters fix both."""
    keras = keras_on_torch()
    keras.utils.set_random_seed(4)
    layers = keras.layers
    steps = keras.Input((None, 3), name="steps")
    return keras.Model(steps, layers.GRU(4, return_sequences=True, name="seen")(layers.Masking(-1.0)(steps)))
