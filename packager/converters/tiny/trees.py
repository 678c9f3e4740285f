"""Lowers the tree ensembles of ai.onnx.ml. Where ONNX is vague or engines differ, they are refused."""

from dataclasses import replace

from packager.converters.tiny.forest import Ensemble, laid_out
from packager.converters.tiny.node import Lowering, Node, UncoveredError, Value
from packager.converters.tiny.scores import labels_of, transformed
from packager.converters.tiny.tree_tables import read_table, read_version_5

_COMBINED = {"SUM": "sums", "AVERAGE": "sums", "MIN": "least", "MAX": "most"}
_TRANSFORMS_5 = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")


def _regressor(node: Node) -> list[Value]:
    node.demand(0, "float32", "float64")
    combined = node.attribute("aggregate_function", "SUM")
    return _values(
        node, read_table(node, "target"), combined, node.attribute("post_transform", "NONE"), "float32"
    )


def _version_5(node: Node) -> list[Value]:
    dtype = node.demand(0, "float32", "float64").dtype
    combined = ("AVERAGE", "SUM", "MIN", "MAX")[node.attribute("aggregate_function", 1)]
    transform = _TRANSFORMS_5[node.attribute("post_transform", 0)]
    return _values(node, read_version_5(node), combined, transform, dtype)


def _values(node: Node, ensemble: Ensemble, combined: str, transform: str, dtype: str) -> list[Value]:
    if combined not in _COMBINED:
        raise UncoveredError(f"{node.kind} with aggregate_function {combined}")
    if ensemble.targets == 1 and transform != "NONE":
        raise UncoveredError(f"{node.kind} of one target with post_transform {transform}")
    if len(ensemble.base) not in (0, ensemble.targets):
        raise UncoveredError(f"{node.kind} with {len(ensemble.base)} base values")
    if _COMBINED[combined] != "sums" and not all(_scored(ensemble)):
        raise UncoveredError(f"{node.kind} whose aggregate_function {combined} has targets without leaves")
    return [transformed(node, _combined(node, ensemble, combined), transform, dtype)]


def _classifier(node: Node) -> list[Value]:
    node.demand(0, "float32", "float64", "int64", "int32")
    labels, dtype = labels_of(node, "classlabels_int64s", "classlabels_strings")
    ensemble = read_table(node, "class")
    transform = node.attribute("post_transform", "NONE")
    if ensemble.targets == 2:
        return _two_classes(node, ensemble, labels, dtype, transform)
    scored = [bool(ensemble.base) or known for known in _scored(ensemble)]
    if ensemble.targets < 2 or len(ensemble.base) not in (0, ensemble.targets):
        raise UncoveredError(f"{node.kind} with {ensemble.targets} classes, {len(ensemble.base)} base values")
    scores = _combined(node, ensemble, "SUM")
    among = [place for place, known in enumerate(scored) if known]
    (label,) = node.step("scores.greatest", [scores], dtype, labels=labels, among=among)
    return [label, transformed(node, scores, transform)]


def _two_classes(
    node: Node, ensemble: Ensemble, labels: list[object], dtype: str, transform: str
) -> list[Value]:
    """The leaves weigh one class alone, by its share or by a score for or against it."""
    weights = [pair for payload in ensemble.leaves.values() for pair in payload]
    if any(target != 0 for target, _ in weights) or len(ensemble.base) > 1:
        raise UncoveredError(f"{node.kind} of two classes that are both weighed")
    shares = all(weight >= 0 for _, weight in weights)
    if transform != ("NONE" if shares else "LOGISTIC"):
        raise UncoveredError(f"{node.kind} of two classes with post_transform {transform}")
    score = _combined(node, replace(ensemble, targets=1), "SUM")
    (label,) = node.step("scores.above", [score], dtype, labels=labels, limit=0.5 if shares else 0.0)
    (pair,) = node.step(f"scores.{'complement' if shares else 'opposite'}", [score], "float32")
    return [label, transformed(node, pair, transform)]


def _combined(node: Node, ensemble: Ensemble, combined: str) -> Value:
    function = _COMBINED[combined]
    pairs = ensemble.targets > 1 or function != "sums"
    at_end = [place for place, asked in enumerate(ensemble.nodes) if asked is None]
    if not pairs and any(len(ensemble.leaves.get(place, ())) != 1 for place in at_end):
        raise UncoveredError(f"{node.kind} with a leaf that has no weight")
    if pairs and function == "sums":  # adding nothing costs time in each row
        kept = {place: tuple(pair for pair in found if pair[1]) for place, found in ensemble.leaves.items()}
        ensemble = replace(ensemble, leaves=kept)
    constants, columns, gaps = laid_out(ensemble, pairs)
    attributes = {
        "targets": ensemble.targets, "columns": columns, "single": ensemble.single,
        **({"gaps": True} if gaps else {}),
        **({"base": list(ensemble.base)} if ensemble.base else {}),
        **({"divisor": len(ensemble.roots)} if combined == "AVERAGE" else {}),
    }  # fmt: skip
    dtype = "float32" if ensemble.single else "float64"
    return node.step(f"trees.{function}", [node.input(0), *constants], dtype, **attributes)[0]


def _scored(ensemble: Ensemble) -> list[bool]:
    """Of each target whether every row has a leaf for it. Refuses trees where that is up to the row."""
    weighed: list[set[int]] = [set() for _ in range(ensemble.targets)]
    for place, payload in ensemble.leaves.items():
        for target, _ in payload:
            weighed[target].add(place)
    leaves = [_leaves_under(ensemble, root) for root in ensemble.roots]
    known = []
    for places in weighed:
        everywhere = any(tree <= places for tree in leaves)
        if places and not everywhere:
            raise UncoveredError("trees in which a class has a score for some rows alone")
        known.append(everywhere)
    return known


def _leaves_under(ensemble: Ensemble, root: int) -> set[int]:
    found, seen, waiting = set(), set(), [root]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        asked = ensemble.nodes[place]
        if asked is None:
            found.add(place)
        else:
            waiting += [asked.yes, asked.no]
    return found


LOWERINGS: dict[str, Lowering] = {
    "TreeEnsembleClassifier": _classifier,
    "TreeEnsembleRegressor": _regressor,
    "TreeEnsemble": _version_5,
}
