"""Which module converts which framework, and how a file tells its framework."""

from importlib import import_module
from typing import cast

from packager.converters.source import Converter

MODULES = {
    "sklearn": "packager.converters.sklearn.converter",
    "torch": "packager.converters.torch.converter",
    "onnx": "packager.converters.onnx.converter",
}


def converter_for(framework: str) -> Converter:
    """Imported only now: a worker loads one framework."""
    return cast(Converter, import_module(MODULES[framework]))
