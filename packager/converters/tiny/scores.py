"""Steps from scores to labels and to what is answered for them, as several operators of ai.onnx.ml want."""

from typing import Any

from packager.converters.tiny.node import Node, UncoveredError, Value

_TRANSFORMS = {"LOGISTIC": "logistic", "SOFTMAX": "softmax", "SOFTMAX_ZERO": "softmax_zero"}


def labels_of(node: Node, whole: str, texts: str) -> tuple[list[Any], str]:
    """The labels of a classifier and their dtype."""
    numbers, words = node.attribute(whole, []), node.attribute(texts, [])
    if bool(numbers) == bool(words):
        raise UncoveredError(f"{node.kind} with labels of both kinds, or of none")
    return (list(numbers), "int64") if numbers else (list(words), "string")


def transformed(node: Node, scores: Value, transform: str, dtype: str = "float32") -> Value:
    """The scores as `post_transform` says."""
    if transform == "NONE":
        return scores if scores.dtype == dtype else node.step("scores.plain", [scores], dtype)[0]
    if transform not in _TRANSFORMS or dtype != "float32":
        raise UncoveredError(f"{node.kind} with post_transform {transform}")
    return node.step(f"scores.{_TRANSFORMS[transform]}", [scores], dtype)[0]
