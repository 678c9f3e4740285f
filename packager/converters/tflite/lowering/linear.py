"""Linear models, scalers, imputers and normalizers of ai.onnx.ml."""

import numpy as np

from packager.converters.tflite.lowering.kit import Kit, Lowering, Node, UncoveredError
from packager.converters.tflite.lowering.scores import label_of, labels, post_transform, two_classes
from packager.converters.tflite.writer import Value, known


def _classifier(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    classes = labels(node, "classlabels_ints", "classlabels_strings")
    coefficients = np.asarray(node.attributes["coefficients"], np.float32)
    intercepts = node.attributes.get("intercepts")
    rows = len(intercepts) if intercepts is not None else classes.shape[0] or 1
    scores = kit.product(value, coefficients.reshape(rows, -1).T, intercepts)
    if rows == 1:
        both, won = two_classes(kit, node, scores, 0.0, complement=True)
        place = kit.reshape(kit.cast(won, "int32"), value.shape[:1])
        return [label_of(kit, classes, place), both]
    return [label_of(kit, classes, kit.arg("ARG_MAX", scores, 1)), post_transform(kit, node, scores)]


def _regressor(kit: Kit, node: Node) -> list[Value]:
    targets = int(node.attributes.get("targets", 1))
    coefficients = np.asarray(node.attributes["coefficients"], np.float32).reshape(targets, -1).T
    made = kit.product(node.input(0), coefficients, node.attributes.get("intercepts"))
    return [post_transform(kit, node, made)]


def _scaler(kit: Kit, node: Node) -> list[Value]:
    value = kit.cast(node.input(0), "float32")
    offset = known(np.asarray(node.attributes.get("offset", [0.0]), np.float32))
    scale = known(np.asarray(node.attributes.get("scale", [1.0]), np.float32))
    return [kit.elementwise("MUL", kit.elementwise("SUB", value, offset), scale)]


def _imputer(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    if "imputed_value_int64s" in node.attributes:
        fill = np.asarray(node.attributes["imputed_value_int64s"], np.int64)
        missing = np.int64(node.attributes.get("replaced_value_int64", 0))
        gone = kit.elementwise("EQUAL", value, known(missing), dtype="bool")
        return [kit.where(gone, known(fill), value)]
    fill = np.asarray(node.attributes["imputed_value_floats"], np.float32)
    replaced = np.float32(node.attributes.get("replaced_value_float", 0.0))
    gone = (
        kit.is_nan(value)
        if np.isnan(replaced)
        else kit.elementwise("EQUAL", value, known(replaced), dtype="bool")
    )
    return [kit.where(gone, known(fill), value)]


def _normalizer(kit: Kit, node: Node) -> list[Value]:
    value = kit.cast(node.input(0), "float32")
    kind = node.attributes.get("norm", b"MAX").decode()
    if kind == "L1":
        size = kit.reduce("SUM", kit.elementwise("ABS", value), [1], True)
    elif kind == "L2":
        size = kit.elementwise("SQRT", kit.reduce("SUM", kit.elementwise("MUL", value, value), [1], True))
    elif kind == "MAX":
        size = kit.reduce("REDUCE_MAX", value, [1], True)
    else:
        raise UncoveredError(f"Normalizer with norm {kind}")
    empty = kit.elementwise("EQUAL", size, known(np.float32(0)), dtype="bool")
    return [kit.elementwise("DIV", value, kit.where(empty, known(np.float32(1)), size))]


def _binarizer(kit: Kit, node: Node) -> list[Value]:
    threshold = known(np.float32(node.attributes.get("threshold", 0.0)))
    return [kit.cast(kit.elementwise("GREATER", node.input(0), threshold, dtype="bool"), "float32")]


LOWERINGS: dict[str, Lowering] = {
    "Binarizer": _binarizer,
    "Imputer": _imputer,
    "LinearClassifier": _classifier,
    "LinearRegressor": _regressor,
    "Normalizer": _normalizer,
    "Scaler": _scaler,
}
