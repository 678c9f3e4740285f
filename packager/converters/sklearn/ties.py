"""Labels of models that vote: the first of the most probable classes, as scikit-learn decides.

Half of the trees for one class and half for another is common. scikit-learn then takes the first; the
engine adds single precision numbers, in another order for one row than for many, and takes either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.sklearn.outputs import Answers
from packager.converters.sklearn.parts import final, kind_of

_VOTES = frozenset(
    {"BaggingClassifier", "ExtraTreesClassifier", "KNeighborsClassifier", "RandomForestClassifier"}
)
MARGIN = 2e-6
"""Probabilities that differ by less are the same: sums of hundreds of single precision numbers."""


def decide_ties(graph: Any, model: Any, answers: Answers, opset: int) -> None:
    """Replaces the graph's label by the first class whose probability is (nearly) the largest."""
    roles = [spec.role for spec in answers.outputs]
    if kind_of(final(model)) not in _VOTES or roles != ["label", "probabilities"]:
        return
    label, probabilities = (spec.name for spec in answers.outputs)
    for node in graph.node:
        node.output[:] = ["label_of_engine" if name == label else name for name in node.output]
    graph.node.extend(_first_of_the_largest(graph, probabilities, opset))
    graph.node.append(_named(graph, label, answers))


def _first_of_the_largest(graph: Any, probabilities: str, opset: int) -> list[Any]:
    from onnx import TensorProto, helper, numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.float32(MARGIN), "tie_margin"))
    inputs, axes = [probabilities], {"axes": [1]}
    if opset >= 18:
        graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "tie_axes"))
        inputs, axes = [probabilities, "tie_axes"], {}
    make = helper.make_node
    return [
        make("ReduceMax", inputs, ["tie_largest"], name="tie_largest", keepdims=1, **axes),
        make("Sub", ["tie_largest", "tie_margin"], ["tie_bound"], name="tie_bound"),
        make("GreaterOrEqual", [probabilities, "tie_bound"], ["tie_among"], name="tie_among"),
        make("Cast", ["tie_among"], ["tie_flags"], name="tie_flags", to=TensorProto.FLOAT),
        make("ArgMax", ["tie_flags"], ["tie_first"], name="tie_first", axis=1, keepdims=0),
    ]


def _named(graph: Any, label: str, answers: Answers) -> Any:
    """The class at the place that was found; a place is its own name where the classes are numbered."""
    from onnx import TensorProto, helper, numpy_helper

    labels = answers.class_labels
    if answers.label_is_index or list(labels) == list(range(len(labels))):
        return helper.make_node("Identity", ["tie_first"], [label], name="tie_label")
    if isinstance(labels[0], str):
        words = [word.encode() for word in labels]
        table = helper.make_tensor("tie_classes", TensorProto.STRING, [len(labels)], words)
    else:
        table = numpy_helper.from_array(np.array(labels, np.int64), "tie_classes")
    graph.initializer.append(table)
    return helper.make_node("Gather", ["tie_classes", "tie_first"], [label], name="tie_label", axis=0)
