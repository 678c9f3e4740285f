"""Lowers the linear models of ai.onnx.ml: a product of matrices, then labels and scores."""

import numpy as np

from packager.converters.tiny.node import NUMBERS, Lowering, Node, UncoveredError, Value, known
from packager.converters.tiny.scores import labels_of, transformed


def _regressor(node: Node) -> list[Value]:
    node.only(coefficients=..., intercepts=..., targets=..., post_transform="NONE")
    return [_scores(node, node.demand(0, "float32"), node.attribute("targets", 1))]


def _classifier(node: Node) -> list[Value]:
    node.only(
        coefficients=..., intercepts=..., post_transform=..., multi_class=..., classlabels_ints=...,
        classlabels_strings=...,
    )  # fmt: skip
    value = node.demand(0, *NUMBERS)
    if value.dtype != "float32":
        value = node.step("casting.cast", [value], "float32")[0]
    labels, dtype = labels_of(node, "classlabels_ints", "classlabels_strings")
    count = len(node.attribute("intercepts", []))
    transform = node.attribute("post_transform", "NONE")
    scores = _scores(node, value, count)
    if count == len(labels) > 1:
        (label,) = node.step("scores.greatest", [scores], dtype, labels=labels)
        return [label, transformed(node, scores, transform)]
    if count != 1 or len(labels) != 2 or transform not in ("NONE", "LOGISTIC"):
        raise UncoveredError(f"LinearClassifier of {len(labels)} labels and {count} scores, {transform}")
    (label,) = node.step("scores.above", [scores], dtype, labels=labels, limit=0.0)
    pair = "opposite" if transform == "LOGISTIC" else "complement"
    (both,) = node.step(f"scores.{pair}", [scores], "float32")
    return [label, transformed(node, both, transform)]


def _scores(node: Node, value: Value, count: int) -> Value:
    coefficients = np.array(node.attribute("coefficients", []), dtype=np.float32)
    intercepts = np.array(node.attribute("intercepts", [0.0] * count), dtype=np.float32)
    if not count or len(coefficients) % count or len(intercepts) != count or not len(coefficients):
        raise UncoveredError(f"{node.kind} of {len(coefficients)} coefficients and {count} scores")
    takes = [value, known(coefficients.reshape(count, -1)), known(intercepts.reshape(1, -1))]
    return node.step("products.gemm", takes, "float32", alpha=1.0, beta=1.0, trans_a=False, trans_b=True)[0]


LOWERINGS: dict[str, Lowering] = {"LinearClassifier": _classifier, "LinearRegressor": _regressor}
