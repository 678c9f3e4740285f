"""Keras models in TensorFlow: Keras 2 by tf_keras, Keras 3 on TensorFlow's own ground."""

import os
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.keras.layers import input_names, inputs_of, mask_values, output_names, table_bounds
from packager.converters.keras.reading import KerasFile
from packager.converters.request import Request
from packager.converters.signature import BATCH, NUMPY_TYPES, Dim, TensorSpec
from packager.converters.source import About
from packager.converters.tensorflow.source import TensorFlowSource, read_source


def open_keras(file: KerasFile, request: Request) -> TensorFlowSource:
    keras = _keras(file)
    import tensorflow as tf

    by = f"written by Keras {file.version or '2'}"
    sentence = f"{file.path.name}, {by}, cannot be read by Keras {keras.__version__}"
    with translated(
        SourceError, sentence, "save it again as a SavedModel: tf.saved_model.save, model.export"
    ):
        model = keras.models.load_model(str(file.path), compile=False, safe_mode=True)
    inputs = inputs_of(model, file.path.name)
    names = input_names(model, inputs)
    outputs = output_names(model, names)
    specs = input_specs(names, inputs)
    given = getattr(model, "_inputs_struct", None)

    def call(tensors: list[Any]) -> list[Any]:
        packed = tensors[0] if len(tensors) == 1 else tensors
        if given is not None:
            packed = keras.tree.pack_sequence_as(given, tensors)
        return list(tf.nest.flatten(model(packed, training=False)))

    about = About("keras", keras.__version__, file.version, file.description, file.loads)
    bounds = table_bounds(model, inputs, names)
    source = read_source(call, specs, outputs, about, request, bounds)
    return replace(source, marks=mask_values(model, inputs, names))


def _keras(file: KerasFile) -> Any:
    module = "tf_keras" if file.major < 3 else "keras"
    if find_spec("tensorflow") is None or find_spec(module) is None:
        raise ConversionError(
            f"{file.path.name} needs TensorFlow and {module}, which are not in this environment",
            environment="tensorflow",
        )
    if file.major < 3:
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        import tf_keras

        return tf_keras
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    return keras


def input_specs(names: list[str], inputs: list[Any]) -> tuple[TensorSpec, ...]:
    """``inputs``: whatever has a shape and a dtype. Free sizes after the batch have a name each."""
    import tensorflow as tf

    specs, made = [], 1
    for name, tensor in zip(names, inputs, strict=True):
        shape: list[Dim] = []
        if tensor.shape is None or getattr(tensor.shape, "rank", 0) is None:
            raise ConversionError(f"The model's input {name} has no shape", hint="export it with a shape")
        for axis, size in enumerate(tensor.shape):
            made += size is None and axis > 0
            shape.append(int(size) if size is not None else BATCH if axis == 0 else f"dim_{made}")
        dtype = tf.as_dtype(tensor.dtype).name
        if dtype not in NUMPY_TYPES:
            raise ConversionError(f"The model's input {name} holds {dtype}, which the runtime does not take")
        specs.append(TensorSpec(name, dtype, tuple(shape)))
    return tuple(specs)
