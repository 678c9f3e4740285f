"""Tree ensembles of ai.onnx.ml: all trees walk down at once, one level in eight operators."""

from collections import Counter
from typing import Any

import numpy as np

from packager.converters.tflite.lowering.forest import Forest, read_forest
from packager.converters.tflite.lowering.kit import Kit, Lowering, Node, UncoveredError
from packager.converters.tflite.lowering.scores import label_of, labels, post_transform, two_classes
from packager.converters.tflite.writer import Value, known


def _classifier(kit: Kit, node: Node) -> list[Value]:
    value = node.input(0)
    classes = labels(node, "classlabels_int64s", "classlabels_strings")
    ids = {int(one) for one in node.attributes["class_ids"]}
    count = int(classes.shape[0] or 0)
    one_score = count == 2 and len(ids) == 1
    weights = node.attributes.get("class_weights") or node.attributes["class_weights_as_tensor"]
    positive = bool(np.all(np.asarray(weights) >= 0))
    if not positive and not one_score:
        _refuse_unscored(node, count)
    if one_score:
        node.attributes["class_ids"] = [0] * len(node.attributes["class_ids"])
    scores = _with_base(kit, node, _totals(kit, node, _forest(node, "class", 1 if one_score else count)))
    if not one_score:
        place = kit.arg("ARG_MAX", scores, 1)
        return [label_of(kit, classes, place), post_transform(kit, node, scores)]
    both, won = two_classes(kit, node, scores, 0.5 if positive else 0.0, complement=positive)
    place = kit.reshape(kit.cast(won, "int32"), value.shape[:1])
    return [label_of(kit, classes, place), both]


def _refuse_unscored(node: Node, classes: int) -> None:
    """A class without a score loses to one with a negative score: each must have one in every row."""
    given = node.attributes
    leaves: Counter[int] = Counter()
    for tree, mode in zip(given["nodes_treeids"], given["nodes_modes"], strict=True):
        leaves[int(tree)] += mode == b"LEAF"
    rows = set(zip(given["class_treeids"], given["class_nodeids"], given["class_ids"], strict=True))
    scored = Counter((int(tree), int(one)) for tree, _, one in rows)
    for one in range(classes):
        if all(scored[tree, one] < count for tree, count in leaves.items()):
            raise UncoveredError("trees with negative scores that leave classes without one")


def _regressor(kit: Kit, node: Node) -> list[Value]:
    targets = int(node.attributes.get("n_targets", 1))
    forest = _forest(node, "target", targets)
    combine = node.attributes.get("aggregate_function", b"SUM").decode()
    if combine not in ("SUM", "AVERAGE"):
        raise UncoveredError(f"trees whose answers are put together by {combine}")
    totals = _totals(kit, node, forest)
    if combine == "AVERAGE":
        totals = kit.elementwise("DIV", totals, known(np.float32(len(forest.roots))))
    return [post_transform(kit, node, _with_base(kit, node, totals))]


def _with_base(kit: Kit, node: Node, totals: Value) -> Value:
    base: Any = node.attributes.get("base_values_as_tensor")
    base = base if base is not None and len(base) else node.attributes.get("base_values", ())
    if not len(base):
        return totals
    return kit.elementwise("ADD", totals, known(np.asarray(base, np.float32)))


def _forest(node: Node, kind: str, targets: int) -> Forest:
    width = node.input(0).shape[-1]
    if node.input(0).rank != 2 or width is None:
        raise UncoveredError("trees over inputs that are not rows")
    return read_forest(node, width, kind, targets)


def _totals(kit: Kit, node: Node, forest: Forest) -> Value:
    """The sum of the leaves that a row reaches, [batch, targets]."""
    reached = _walk(kit, kit.cast(node.input(0), "float32"), forest)
    targets = forest.values.shape[1]
    if targets == 1:
        return kit.reduce("SUM", kit.gather(known(forest.values[:, 0]), reached), [1], True)
    return kit.reduce("SUM", kit.gather(known(forest.values), reached), [1], False)


def _walk(kit: Kit, rows: Value, forest: Forest) -> Value:
    """The leaf of each tree, [batch, trees]."""
    both = _twice(kit, rows)
    asked = kit.gather(both, known(forest.features[forest.roots]), 1)
    at = kit.where(
        kit.elementwise("GREATER", asked, known(forest.thresholds[forest.roots]), dtype="bool"),
        known(forest.greater[forest.roots]),
        known(forest.other[forest.roots]),
    )
    flat = kit.reshape(both, (None,))
    start = _starts(kit, both)
    for _ in range(forest.depth - 1):
        column = kit.elementwise("ADD", kit.gather(known(forest.features), at), start)
        limit = kit.gather(known(forest.thresholds), at)
        more = kit.elementwise("GREATER", kit.gather(flat, column), limit, dtype="bool")
        at = kit.where(more, kit.gather(known(forest.greater), at), kit.gather(known(forest.other), at))
    return at


def _twice(kit: Kit, rows: Value) -> Value:
    """Each column with missing values as the largest number, then each with them as the smallest."""
    missing = kit.is_nan(rows)
    largest = kit.where(missing, known(np.float32(np.inf)), rows)
    smallest = kit.where(missing, known(np.float32(-np.inf)), rows)
    return kit.concat([largest, smallest], 1)


def _starts(kit: Kit, rows: Value) -> Value:
    """Where each row begins when all are put one behind the other, [batch, 1]; no value here is a NaN."""
    first = kit.gather(rows, known(np.array([0], np.int32)), 1)
    ones = kit.cast(kit.elementwise("EQUAL", first, first, dtype="bool"), "int32")
    counted = kit.writer.op(
        "CUMSUM", [ones, known(np.int32(0))], "int32", ones.shape, exclusive=True, reverse=False
    )
    return kit.elementwise("MUL", counted, known(np.array(rows.shape[1], np.int32)))


LOWERINGS: dict[str, Lowering] = {
    "TreeEnsembleClassifier": _classifier,
    "TreeEnsembleRegressor": _regressor,
}
