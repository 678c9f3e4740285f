"""Lowers support vector machines of ai.onnx.ml: regressors, and classifiers with probabilities."""

from typing import Any

import numpy as np

from packager.converters.tiny.node import NUMBERS, Lowering, Node, UncoveredError, Value, known
from packager.converters.tiny.scores import labels_of

_KERNELS = ("LINEAR", "POLY", "RBF", "SIGMOID")


def _classifier(node: Node) -> list[Value]:
    tables = ("support_vectors", "coefficients", "rho", "prob_a", "prob_b")
    node.only(
        **dict.fromkeys((*tables, "vectors_per_class", "kernel_params", "kernel_type"), ...),
        classlabels_ints=..., classlabels_strings=..., post_transform="NONE",
    )  # fmt: skip
    labels, dtype = labels_of(node, "classlabels_ints", "classlabels_strings")
    sizes = list(node.attribute("vectors_per_class", []))
    vectors, weights, *rest = (np.array(node.attribute(name, []), dtype=np.float32) for name in tables)
    classes, count = len(labels), sum(sizes)
    pairs = classes * (classes - 1) // 2
    if not len(rest[1]) or len(sizes) != classes or classes < 2:
        raise UncoveredError("SVMClassifier without probabilities")
    fits = len(weights) == (classes - 1) * count and all(len(column) == pairs for column in rest)
    if not fits or len(vectors) % count:
        raise UncoveredError("SVMClassifier whose tables do not fit each other")
    value = node.demand(0, *NUMBERS)
    if value.dtype != "float32":
        value = node.step("casting.cast", [value], "float32")[0]
    takes = [value, *map(known, (vectors.reshape(count, -1), weights, *rest))]
    return node.step("machines.shares", takes, dtype, "float32", labels=labels, sizes=sizes, **_kernel(node))


def _regressor(node: Node) -> list[Value]:
    tables = ("support_vectors", "coefficients", "rho")
    node.only(
        **dict.fromkeys((*tables, "n_supports", "one_class", "kernel_params", "kernel_type"), ...),
        post_transform="NONE",
    )
    vectors, weights, rho = (np.array(node.attribute(name, []), dtype=np.float32) for name in tables)
    count = node.attribute("n_supports", 0)
    if not count or len(weights) != count or len(vectors) % count or len(rho) != 1:
        raise UncoveredError("SVMRegressor without support vectors, or whose tables do not fit each other")
    return node.step(
        "machines.regression",
        [node.demand(0, "float32"), known(vectors.reshape(count, -1)), known(weights)],
        "float32", offset=float(rho[0]), one_class=bool(node.attribute("one_class", 0)), **_kernel(node),
    )  # fmt: skip


def _kernel(node: Node) -> dict[str, Any]:
    name, parameters = node.attribute("kernel_type", "LINEAR"), node.attribute("kernel_params", [])
    parameters = [float(number) for number in parameters or (0.0, 0.0, 0.0)]
    if name not in _KERNELS or len(parameters) != 3:
        raise UncoveredError(f"{node.kind} of kernel {name} with {len(parameters)} parameters")
    if name == "POLY" and not parameters[2].is_integer():
        raise UncoveredError(f"{node.kind} with a degree that is not whole")
    return {"kernel": name, "parameters": parameters}


LOWERINGS: dict[str, Lowering] = {"SVMClassifier": _classifier, "SVMRegressor": _regressor}
