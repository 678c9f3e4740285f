"""LiteRT's interpreter and the format's schema: of its own package, else the copy inside TensorFlow."""

from importlib import import_module
from typing import Any

MAGIC = b"TFL3"


def interpreter_module() -> Any:
    return _first("ai_edge_litert.interpreter", "tensorflow.lite.python.interpreter")


def schema_module() -> Any:
    return _first("ai_edge_litert.schema_py_generated", "tensorflow.lite.python.schema_py_generated")


def opened(data: bytes) -> Any:
    """A whole file as objects that can be changed."""
    schema = schema_module()
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(data), 0))


def packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), MAGIC)
    return bytes(builder.Output())


def _first(own: str, other: str) -> Any:
    try:
        return import_module(own)
    except ModuleNotFoundError:
        return import_module(other)
