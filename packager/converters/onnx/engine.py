"""ONNX Runtime in the worker: the engine whose answers stand for a graph's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, translated
from packager.converters.tensors import Array


def open_session(model: bytes | Path) -> Any:
    """The engine that users trust, on the file as it came."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ConversionError(
            "The package onnxruntime is not installed, and the model's own answers come from it",
            hint="pip install onnxruntime",
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    given = model if isinstance(model, bytes) else str(model)
    with translated(ConversionError, "ONNX Runtime does not load the model"):
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def run_session(session: Any, inputs: Mapping[str, Array], names: list[str] | None = None) -> list[Any]:
    shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items())
    with translated(ConversionError, f"The graph does not answer inputs of shape {shapes}"):
        return list(session.run(names, dict(inputs)))
