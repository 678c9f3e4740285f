"""Lowers support vector machines of ai.onnx.ml: those with probabilities, by which libsvm's own are known."""

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
    sizes, kernel = list(node.attribute("vectors_per_class", [])), node.attribute("kernel_type", "LINEAR")
    vectors, weights, *rest = (np.array(node.attribute(name, []), dtype=np.float32) for name in tables)
    classes, count = len(labels), sum(sizes)
    pairs = classes * (classes - 1) // 2
    if not len(rest[1]) or len(sizes) != classes or classes < 2:
        raise UncoveredError("SVMClassifier without probabilities")
    fits = len(weights) == (classes - 1) * count and all(len(column) == pairs for column in rest)
    parameters = node.attribute("kernel_params", []) or [0.0, 0.0, 0.0]
    if not fits or len(vectors) % count or kernel not in _KERNELS or len(parameters) != 3:
        raise UncoveredError(f"SVMClassifier of kernel {kernel} whose tables do not fit each other")
    if kernel == "POLY" and parameters[2] != int(parameters[2]):
        raise UncoveredError("SVMClassifier with a degree that is not whole")
    value = node.demand(0, *NUMBERS)
    if value.dtype != "float32":
        value = node.step("casting.cast", [value], "float32")[0]
    takes = [value, *map(known, (vectors.reshape(count, -1), weights, *rest))]
    return node.step(
        "machines.shares", takes, dtype, "float32", labels=labels, sizes=sizes, kernel=kernel,
        parameters=[float(number) for number in parameters],
    )  # fmt: skip


LOWERINGS: dict[str, Lowering] = {"SVMClassifier": _classifier}
