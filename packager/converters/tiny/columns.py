"""Lowerings of the operators of ai.onnx.ml on columns of a table: tables of labels, scales, gaps, flags."""

import math
from typing import Any

import numpy as np

from packager.converters.tiny.node import NUMBERS, Array, Lowering, Node, UncoveredError, Value, known

_SUFFIXES = {"int64": "int64s", "float32": "floats", "string": "strings"}
_OPSET_OF_GAPS = 4


def _exchange(node: Node) -> list[Value]:
    """LabelEncoder."""
    value = node.input(0)
    if "classes_strings" in node.attributes:
        return _places(node, value, "classes_strings")
    names = [f"{side}_{suffix}" for side in ("keys", "values") for suffix in (*_SUFFIXES.values(), "tensor")]
    defaults = ("default_int64", "default_float", "default_string", "default_tensor")
    node.only(**dict.fromkeys((*names, *defaults), ...))
    keys, partners = _column(node, "keys"), _column(node, "values")
    if known(keys).dtype != value.dtype or len(keys) != len(partners):
        raise UncoveredError(f"LabelEncoder of {value.dtype} with other keys")
    if node.opset < _OPSET_OF_GAPS and any(
        isinstance(key, float) and math.isnan(key) for key in keys.tolist()
    ):
        raise UncoveredError(f"LabelEncoder of opset {node.opset} with a key that is no number")
    return _table(node, value, keys, partners, _default(node, known(partners).dtype))


def _category_mapper(node: Node) -> list[Value]:
    """CategoryMapper."""
    node.only(cats_int64s=..., cats_strings=..., default_int64=..., default_string=...)
    value = node.demand(0, "int64", "string")
    numbers = np.array(node.attribute("cats_int64s", []), dtype=np.int64)
    words = _words(node.attribute("cats_strings", []))
    keys, partners = (words, numbers) if value.dtype == "string" else (numbers, words)
    return _table(node, value, keys, partners, _default(node, known(partners).dtype))


def _places(node: Node, value: Value, name: str) -> list[Value]:
    """The LabelEncoder of ai.onnx.ml 1: a text becomes its place, or a place its text."""
    node.only(**{name: ...}, default_int64=..., default_string=...)
    words = _words(node.attribute(name))
    numbers = np.arange(len(words), dtype=np.int64)
    keys, partners = (words, numbers) if value.dtype == "string" else (numbers, words)
    return _table(node, value, keys, partners, _default(node, known(partners).dtype))


def _table(node: Node, value: Value, keys: Array, partners: Array, default: Array) -> list[Value]:
    entries = keys.tolist()
    if len(set(entries)) != len(entries) or len(entries) != len(partners):
        raise UncoveredError(f"{node.kind} with two entries for one key")
    constants = [known(keys), known(partners), known(default)]
    return node.step("labels.exchange", [value, *constants], constants[1].dtype)


def _column(node: Node, side: str) -> Array:
    tensor = node.attribute(f"{side}_tensor")
    if tensor is not None:
        return np.asarray(tensor).reshape(-1)
    for suffix in _SUFFIXES.values():
        found = node.attribute(f"{side}_{suffix}")
        if found:
            return _words(found) if suffix == "strings" else np.array(found, dtype=_OF_SUFFIX[suffix])
    raise UncoveredError(f"LabelEncoder without {side}")


_OF_SUFFIX: dict[str, Any] = {"int64s": np.int64, "floats": np.float32}
_DEFAULTS: dict[str, tuple[str, Any]] = {
    "int64": ("default_int64", -1),
    "float32": ("default_float", -0.0),
    "string": ("default_string", "_Unused"),
}


def _default(node: Node, dtype: str) -> Array:
    tensor = node.attribute("default_tensor")
    if tensor is not None:
        return np.asarray(tensor).reshape(-1)
    if dtype not in _DEFAULTS:
        raise UncoveredError(f"{node.kind} to {dtype} without a default")
    name, otherwise = _DEFAULTS[dtype]
    value = node.attribute(name, otherwise)
    return _words([value]) if dtype == "string" else np.array([value], dtype=dtype)


def _words(words: list[Any]) -> Array:
    return np.array([word.decode() if isinstance(word, bytes) else word for word in words], dtype=object)


def _flags(node: Node) -> list[Value]:
    """OneHotEncoder."""
    node.only(cats_int64s=..., cats_strings=..., zeros=...)
    value = node.demand(0, "int64", "int32", "string")
    name = "cats_strings" if value.dtype == "string" else "cats_int64s"
    categories = node.attribute(name, [])
    if not categories or len(set(categories)) != len(categories):
        raise UncoveredError("OneHotEncoder without categories of its input, or with one of them twice")
    keys = _words(categories) if value.dtype == "string" else np.array(categories, dtype=np.int64)
    strict = not node.attribute("zeros", 1)
    return node.step("labels.flags", [value, known(keys)], "float32", count=len(keys), strict=strict)


def _chosen(node: Node) -> list[Value]:
    """ArrayFeatureExtractor."""
    node.only()
    value = node.input(0)
    return node.step("columns.chosen", [value, node.demand(1, "int64")], value.dtype)


def _filled(node: Node) -> list[Value]:
    """Imputer."""
    node.only(**dict.fromkeys((*_GAPS, *_FILLS), ...))
    value = node.demand(0, "float32", "int64")
    whole = value.dtype == "int64"
    fills, gap = node.attribute(_FILLS[whole], []), node.attribute(_GAPS[whole], 0)
    if not fills:
        raise UncoveredError("Imputer without values")
    attributes = {} if math.isnan(gap) else {"gap": gap}
    return node.step(
        "columns.filled", [value, known(np.array(fills, dtype=value.dtype))], value.dtype, **attributes
    )


_GAPS = ("replaced_value_float", "replaced_value_int64")
_FILLS = ("imputed_value_floats", "imputed_value_int64s")


def _scaled(node: Node) -> list[Value]:
    """Scaler."""
    node.only(offset=..., scale=...)
    value = node.demand(0, *NUMBERS)
    sides = [np.array(node.attribute(name, []), dtype=np.float32) for name in ("offset", "scale")]
    if not all(len(side) for side in sides):
        raise UncoveredError("Scaler without an offset or a scale")
    if value.dtype in ("int64", "int32"):
        value = node.step("casting.cast", [value], "float32")[0]
    return node.step("columns.scaled", [value, *map(known, sides)], "float32")


def _of_length_one(node: Node) -> list[Value]:
    """Normalizer. By the largest of a row, engines differ over what is negative."""
    node.only(norm=...)
    norm = node.attribute("norm", "MAX")
    if norm not in ("L1", "L2"):
        raise UncoveredError(f"Normalizer with norm {norm}")
    return node.step("columns.of_length_one", [node.demand(0, *NUMBERS)], "float32", squared=norm == "L2")


def _above(node: Node) -> list[Value]:
    """Binarizer."""
    node.only(threshold=...)
    threshold = node.attribute("threshold", 0.0)
    return node.step("columns.above", [node.demand(0, "float32")], "float32", threshold=threshold)


LOWERINGS: dict[str, Lowering] = {
    "ArrayFeatureExtractor": _chosen,
    "Binarizer": _above,
    "CategoryMapper": _category_mapper,
    "Imputer": _filled,
    "LabelEncoder": _exchange,
    "Normalizer": _of_length_one,
    "OneHotEncoder": _flags,
    "Scaler": _scaled,
}
