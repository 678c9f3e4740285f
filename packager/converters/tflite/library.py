"""LiteRT's interpreter and the format's schema: of its own package, else the copy inside TensorFlow."""

from importlib import import_module
from typing import Any


def interpreter_module() -> Any:
    return _first("ai_edge_litert.interpreter", "tensorflow.lite.python.interpreter")


def schema_module() -> Any:
    return _first("ai_edge_litert.schema_py_generated", "tensorflow.lite.python.schema_py_generated")


def _first(own: str, other: str) -> Any:
    try:
        return import_module(own)
    except ModuleNotFoundError:
        return import_module(other)
