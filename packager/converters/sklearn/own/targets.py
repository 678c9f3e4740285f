"""Classifiers of several targets at once: one label and one set of probabilities for each target."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from packager.converters.failure import ConversionError
from packager.converters.sklearn.own.nodes import Nodes
from packager.converters.sklearn.own.scores import has_scores, scores
from packager.converters.sklearn.parts import inside, kind_of
from packager.converters.tensors import Array

TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier")
FORESTS = ("ExtraTreesClassifier", "RandomForestClassifier")
MARGIN = 2e-6


class Targets(BaseEstimator):  # type: ignore[misc]
    """Stands for the decider of several targets: one classifier for each, in a chain or side by side."""

    def __init__(self, estimators: list[Any], probable: bool, chain: Any = None) -> None:
        self.estimators = estimators
        self.probable = probable
        self.chain = chain


def separated(model: Any, probable: bool) -> Targets:
    """The targets apart; a ``ConversionError`` names a model that cannot be taken apart."""
    kind = kind_of(model)
    if kind == "MultiOutputClassifier":
        return Targets(list(model.estimators_), probable)
    if kind == "ClassifierChain":
        return Targets(list(model.estimators_), probable, chain=model)
    if kind == "OneVsRestClassifier":
        return Targets(list(model.estimators_), probable)
    count = len(getattr(model, "classes_", ()))
    if kind in TREES:
        return Targets([_tree_of(model, target) for target in range(count)], probable)
    if kind in FORESTS:
        return Targets([_forest_of(model, target) for target in range(count)], probable)
    if kind == "KNeighborsClassifier":
        return Targets([_neighbours_of(model, target) for target in range(count)], probable)
    if kind in ("RidgeClassifier", "RidgeClassifierCV"):
        return Targets([_line_of(model, target) for target in range(len(model.coef_))], probable)
    raise ConversionError(
        f"{kind} decides several targets at once in a way that cannot be taken apart",
        hint="use MultiOutputClassifier around one of a kind, or save one classifier for each target",
    )


def _line_of(model: Any, target: int) -> Any:
    from sklearn.svm import LinearSVC

    part = LinearSVC()
    part.coef_, part.classes_ = np.asarray(model.coef_)[target : target + 1], np.array([0, 1])
    part.intercept_ = np.broadcast_to(model.intercept_, len(model.coef_))[target : target + 1]
    return part


def _one(model: Any, target: int) -> Any:
    part = copy.copy(model)
    part.classes_ = np.asarray(model.classes_[target])
    part.n_classes_ = len(part.classes_)
    part.n_outputs_ = 1
    return part


def _tree_of(model: Any, target: int) -> Any:
    from sklearn.tree._tree import Tree

    part, count = _one(model, target), len(model.classes_[target])
    state = model.tree_.__getstate__()
    state["values"] = np.ascontiguousarray(state["values"][:, target : target + 1, :count])
    part.tree_ = Tree(int(model.n_features_in_), np.array([count], dtype=np.intp), 1)
    part.tree_.__setstate__(state)
    return part


def _forest_of(model: Any, target: int) -> Any:
    part = _one(model, target)
    part.estimators_ = [_tree_of(tree, target) for tree in model.estimators_]
    for tree in part.estimators_:
        tree.classes_ = np.arange(len(part.classes_), dtype=np.float64)
    return part


def _neighbours_of(model: Any, target: int) -> Any:
    part = _one(model, target)
    part._y, part.outputs_2d_ = np.asarray(model._y)[:, target], False
    return part


def write(nodes: Nodes, model: Targets) -> None:
    value, made = nodes.given, []
    if model.chain is None:
        made = [_decided(nodes, part, value, model.probable) for part in model.estimators]
    else:
        made = _chained(nodes, model, value)
    for target, (label, chances) in enumerate(made):
        nodes.give(label, target * (1 + model.probable))
        if chances is not None:
            nodes.give(chances, target * 2 + 1)


def _decided(nodes: Nodes, part: Any, value: str, probable: bool) -> tuple[str, str | None]:
    """The place of the class, and the probabilities."""
    if probable or not has_scores(part):
        chances = nodes.doubles(nodes.probabilities(part, value))
        if _is_one_column(part):
            chances = nodes.with_the_rest(chances)
        bound = nodes.add("Sub", nodes.largest(chances), np.float64(MARGIN))
        among = nodes.cast(nodes.add("GreaterOrEqual", chances, bound), np.float32)
        return nodes.first_of_the_largest(among), chances if probable else None
    found = scores(nodes, part, value)
    if len(part.classes_) > 2:
        return nodes.first_of_the_largest(found), None
    above = nodes.add("Greater", found, np.float64(0))
    return nodes.shaped(nodes.cast(above, np.int64), -1), None


def _is_one_column(part: Any) -> bool:
    return len(getattr(inside(part), "classes_", (0, 1))) < 2


def _chained(nodes: Nodes, model: Targets, value: str) -> list[tuple[str, str | None]]:
    """Each classifier sees what the ones before it decided."""
    chain, value = model.chain, nodes.doubles(value)
    made: dict[int, tuple[str, str | None]] = {}
    by_chance = getattr(chain, "chain_method_", "predict") == "predict_proba"
    for part, target in zip(model.estimators, chain.order_):
        label, chances = _decided(nodes, part, value, model.probable)
        made[int(target)] = label, chances
        if by_chance and chances is not None:
            seen = nodes.column(chances, 1)
        else:
            seen = nodes.shaped(
                nodes.add("Gather", np.asarray(part.classes_, np.float64), label, axis=0), -1, 1
            )
        value = nodes.add("Concat", value, seen, axis=1)
    return [made[target] for target in range(len(made))]


def parse(scope: Any, model: Targets, inputs: list[Any], custom_parsers: Any = None) -> list[Any]:  # noqa: ARG001
    """Announces the outputs to skl2onnx."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

    operator = scope.declare_local_operator("OwnTargets", model)
    operator.inputs.extend(inputs)
    for target, part in enumerate(model.estimators):
        operator.outputs.append(scope.declare_local_variable(f"label_{target}", Int64TensorType([None])))
        if model.probable:
            count = max(2, len(getattr(part, "classes_", (0, 1))))
            kind = FloatTensorType([None, count])
            operator.outputs.append(scope.declare_local_variable(f"probabilities_{target}", kind))
    return list(operator.outputs)


def places(decided: Array, classes: tuple[Any, ...]) -> Array:
    """Where each decision stands among the classes."""
    known = {label: at for at, label in enumerate(classes)}
    plain = (value.item() if isinstance(value, np.generic) else value for value in decided)
    return np.array([known[value] for value in plain], dtype=np.int64)
