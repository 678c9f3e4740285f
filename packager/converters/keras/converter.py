"""The Keras converter: on torch where that is exact, in TensorFlow's environment where it is not."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from packager.converters.detection import detect
from packager.converters.failure import ConversionError
from packager.converters.keras.names import OF_TENSORFLOW, RECURRENT, TENSORFLOW
from packager.converters.keras.reading import KerasFile, read_file
from packager.converters.request import Request
from packager.converters.source import Source

# A longer recurrence is unrolled step by step into a graph that nobody can load.
_LONGEST_UNROLLED = 128


def open_source(request: Request) -> Source:
    file = read_file(request.source, detect(request.source).form)
    if request.environment == TENSORFLOW or find_spec("torch") is None:
        from packager.converters.tensorflow.keras_model import open_keras

        return open_keras(file, request)
    reason = _needs_tensorflow(file, request)
    if reason is not None:
        raise ConversionError(f"{file.path.name} {reason}", environment=TENSORFLOW)
    from packager.converters.keras.on_torch import open_on_torch

    return open_on_torch(file, request)


def _needs_tensorflow(file: KerasFile, request: Request) -> str | None:
    if any(options["kind"] == "tf_quantize" for options in request.passes):
        return "is to be quantized by TensorFlow's converter"
    if file.major < 3:
        return f"was written by Keras {file.version or '2'}, which TensorFlow's environment reads"
    text = OF_TENSORFLOW.intersection(file.loads)
    if text:
        return f"has the layer {min(text)}, which Keras computes with TensorFlow alone"
    if request.action == "inspect":
        return None
    open_sizes = [size for shape in _input_shapes(file.config) for size in shape[1:]]
    if request.format == "tflite" and None in open_sizes:
        return "takes inputs of free sizes, which TFLite has from TensorFlow's converter alone"
    if not RECURRENT.intersection(file.loads):
        return None
    if any(size is None or size > _LONGEST_UNROLLED for size in open_sizes):
        return "has recurrent layers over a free or long sequence, which torch's exporters fix or unroll"
    if "Masking" in file.loads or _masks(file.config):
        return "has recurrent layers that leave out masked steps, which torch's exporters fix"
    return None


def _masks(value: Any) -> bool:
    """Whether a table gives a mask: places of zero are steps that a recurrence leaves out."""
    if isinstance(value, dict):
        return value.get("mask_zero") is True or any(map(_masks, value.values()))
    return isinstance(value, list) and any(map(_masks, value))


def _input_shapes(value: Any) -> Iterator[list[int | None]]:
    """The shapes that the input layers state."""
    if isinstance(value, dict):
        inner = value.get("config")
        if value.get("class_name") == "InputLayer" and isinstance(inner, dict):
            shape = inner.get("batch_shape") or inner.get("batch_input_shape")
            if isinstance(shape, list):
                yield shape
        for held in value.values():
            yield from _input_shapes(held)
    elif isinstance(value, list):
        for held in value:
            yield from _input_shapes(held)
