"""From the scores of a classifier to its label and probabilities, as ONNX Runtime reads ai.onnx.ml."""

import numpy as np

from packager.converters.tflite.lowering.kit import Kit, Node, UncoveredError
from packager.converters.tflite.writer import Value, known


def post_transform(kit: Kit, node: Node, scores: Value) -> Value:
    kind = node.attributes.get("post_transform", b"NONE").decode()
    if kind == "NONE":
        return scores
    if kind == "LOGISTIC":
        return kit.elementwise("LOGISTIC", scores)
    if kind == "SOFTMAX":
        return kit.softmax(scores)
    raise UncoveredError(f"{node.kind} with post_transform {kind}")


def two_classes(kit: Kit, node: Node, score: Value, limit: float, *, complement: bool) -> tuple[Value, Value]:
    """Both columns of a model with one score [batch, 1], and whether the second class won: above ``limit``.

    ``complement``: the first column is 1 - score, else -score; of logistic scores it is that of -score.
    """
    kind = node.attributes.get("post_transform", b"NONE").decode()
    won = kit.elementwise("GREATER", score, known(np.float32(limit)), dtype="bool")
    if kind not in ("NONE", "LOGISTIC"):
        raise UncoveredError(f"{node.kind} of two classes with one score and post_transform {kind}")
    if kind == "LOGISTIC":
        opposite = kit.elementwise("LOGISTIC", kit.elementwise("NEG", score))
        return kit.concat([opposite, kit.elementwise("LOGISTIC", score)], 1), won
    first = kit.less_one(score) if complement else kit.elementwise("NEG", score)
    return kit.concat([first, score], 1), won


def label_of(kit: Kit, labels: Value, place: Value) -> Value:
    return kit.gather(labels, place)


def labels(node: Node, *names: str) -> Value:
    """The class labels of a node; texts stand here as their places among the model's class labels."""
    for name in names:
        if name in node.attributes:
            return known(np.asarray(node.attributes[name], np.int64))
    raise UncoveredError(f"{node.kind} without class labels")
