"""Which module converts which framework, and how a file tells its framework."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from packager.converters.source import Converter

MODULES = {
    "sklearn": "packager.converters.sklearn.converter",
    "xgboost": "packager.converters.boosting.xgboost",
    "lightgbm": "packager.converters.boosting.lightgbm",
    "torch": "packager.converters.torch.converter",
    "keras": "packager.converters.keras.converter",
    "tensorflow": "packager.converters.tensorflow.converter",
    "onnx": "packager.converters.onnx.converter",
    "tflite": "packager.converters.tflite.converter",
}


def converter_for(framework: str) -> "Converter":
    """Imported only now: a worker loads one framework."""
    return cast("Converter", import_module(MODULES[framework]))
