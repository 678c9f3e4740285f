"""Encoders and selections of ai.onnx.ml; texts are known only as class labels, by their places."""

import numpy as np

from packager.converters.tensors import Array
from packager.converters.tflite.lowering.kit import Kit, Lowering, Node, UncoveredError
from packager.converters.tflite.writer import Value, known


def _extractor(kit: Kit, node: Node) -> list[Value]:
    value, places = node.input(0), node.input(1)
    if places.array is None and places.rank != 1:
        places = kit.reshape(places, (None,))
    elif places.array is not None:
        places = known(places.array.reshape(-1))
    made = kit.gather(value, places, -1)
    return [made if value.rank > 1 else kit.reshape(made, (1, *made.shape))]


def _one_hot(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    if "cats_int64s" not in node.attributes:
        raise UncoveredError("OneHotEncoder of texts")
    categories = np.asarray(node.attributes["cats_int64s"], np.int64)
    alike = kit.elementwise("EQUAL", _deeper(kit, kit.cast(value, "int64")), known(categories), dtype="bool")
    return [kit.cast(alike, "float32")]


def _label_encoder(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    keys, values, default = _table(node)
    # A key that is NaN equals nothing, as in ONNX Runtime.
    last = kit.elementwise("EQUAL", _deeper(kit, value), known(keys), dtype="bool")
    place = kit.arg("ARG_MAX", last, last.rank - 1)
    found = kit.reduce("REDUCE_ANY", last, [last.rank - 1], False)
    return [kit.where(found, kit.gather(known(values), place), known(default))]


def _table(node: Node) -> tuple[Array, Array, Array]:
    """Keys, values and the value of all else; texts among the values are places of class labels."""
    given = node.attributes
    for name, kind in (("keys_int64s", np.int64), ("keys_floats", np.float32)):
        if name in given:
            keys: Array = np.asarray(given[name], kind)
            break
    else:
        raise UncoveredError("LabelEncoder of texts")
    if "values_floats" in given:
        return keys, np.asarray(given["values_floats"], np.float32), _single(given.get("default_float", -0.0))
    for name, default in (("values_int64s", given.get("default_int64", -1)), ("values_strings", 0)):
        if name in given:
            return keys, np.asarray(given[name], np.int64), np.asarray(default, np.int64)
    raise UncoveredError("LabelEncoder without a table of numbers")


def _single(number: float) -> Array:
    return np.asarray(number, np.float32)


def _deeper(kit: Kit, value: Value) -> Value:
    return kit.reshape(value, (*value.shape, 1))


def _features(kit: Kit, node: Node) -> list[Value]:
    values = [kit.cast(node.input(at), "float32") for at in range(len(node.inputs))]
    return [values[0]] if len(values) == 1 else [kit.concat(values, 1)]


LOWERINGS: dict[str, Lowering] = {
    "ArrayFeatureExtractor": _extractor,
    "FeatureVectorizer": _features,
    "LabelEncoder": _label_encoder,
    "OneHotEncoder": _one_hot,
}
