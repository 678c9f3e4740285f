"""Histogram boosting from its own node tables: categories, missing values, links, all in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.signature import MISSING_TEXT
from packager.converters.sklearn.own.nodes import ML, Nodes
from packager.converters.tensors import Array

_LOG_LINKS = ("poisson", "gamma")


def regressor(nodes: Nodes, model: Any) -> None:
    raw = nodes.doubles(raw_scores(nodes, model))
    nodes.give(nodes.add("Exp", raw) if model.loss in _LOG_LINKS else raw)


def classifier(nodes: Nodes, model: Any) -> None:
    raw = nodes.doubles(raw_scores(nodes, model))
    if len(model.classes_) == 2:
        chance = nodes.add("Sigmoid", raw)
        chances = nodes.with_the_rest(chance)
    else:
        chances = nodes.add("Softmax", raw, axis=1)
    nodes.give_classes(chances, model.classes_)


def raw_scores(nodes: Nodes, model: Any, value: str | None = None) -> str:
    """``value``: numbers, where they are not the estimator's own input."""
    order, known = _categories(model)
    matrix = _matrix(nodes, known) if value is None else nodes.doubles(value)
    if (
        known and getattr(model, "_preprocessor", None) is None
    ):  # then a category is what stands before the point
        flags = np.asarray(model.is_categorical_, dtype=bool)[None]
        matrix = nodes.chosen(flags, nodes.add("Floor", matrix), matrix)
    table = _Table(known, encoded=getattr(model, "_preprocessor", None) is not None)
    for iteration in model._predictors:
        for target, tree in enumerate(iteration):
            table.add(tree, order, target)
    return nodes.add(
        "TreeEnsembleRegressor",
        matrix,
        domain=ML,
        n_targets=int(model.n_trees_per_iteration_),
        **table.attributes(np.ravel(model._baseline_prediction)),
    )


def _categories(model: Any) -> tuple[Array, dict[int, Array]]:
    """For each column of the trees the raw column, and for each raw column its categories by code."""
    encoder = getattr(model, "_preprocessor", None)
    flags = getattr(model, "is_categorical_", None)
    if flags is None or not np.any(flags):
        return np.arange(model.n_features_in_), {}
    if encoder is None:  # before scikit-learn 1.4 the values were the codes
        known = [
            np.flatnonzero(_bits(words)) for words in model._bin_mapper.make_known_categories_bitsets()[0]
        ]
        places = np.flatnonzero(flags)
        return np.arange(model.n_features_in_), {int(at): values for at, values in zip(places, known)}
    raw = np.asarray(flags)
    if len(raw) and hasattr(model, "_is_categorical_remapped"):
        order = np.concatenate([np.flatnonzero(raw), np.flatnonzero(~raw)])
        fitted = encoder.named_transformers_["encoder"].categories_
        return order, {int(at): np.asarray(values) for at, values in zip(np.flatnonzero(raw), fitted)}
    return np.arange(len(raw)), {}


def _matrix(nodes: Nodes, known: dict[int, Array]) -> str:
    """The columns as numbers; a text becomes its code, and NaN where it is not known."""
    columns, at = [], 0
    for variable in nodes.operator.inputs:
        name = variable.full_name
        if type(variable.type).__name__ == "StringTensorType":
            # A gap among the categories has no code: scikit-learn, too, gives the trees NaN for it.
            coded = {word: float(code) for code, word in enumerate(known[at]) if _is_word(word)}
            name = nodes.add(
                "LabelEncoder",
                name,
                domain=ML,
                keys_strings=list(coded),
                values_floats=list(coded.values()),
                default_float=float("nan"),
            )
            known[at] = np.arange(len(known[at]))
        columns.append(nodes.doubles(name))
        at += int(variable.type.shape[1] or 1)
    return nodes.beside(columns)


def _is_word(category: Any) -> bool:
    return isinstance(category, str) and category != MISSING_TEXT


def _bits(words: Array) -> Array:
    return np.unpackbits(np.asarray(words, dtype="<u4").view(np.uint8), bitorder="little").astype(bool)


def ensemble(nodes: Nodes, value: str, trees: Any, targets: int) -> str:
    """Plain decision trees, each with its target and its weight, summed in double precision."""
    table = _Table({}, encoded=False)
    for tree, target, weight in trees:
        table.add_plain(tree, target, weight)
    attributes = table.attributes(np.zeros(targets))
    return nodes.add("TreeEnsembleRegressor", value, domain=ML, n_targets=targets, **attributes)


class _Table:
    """The trees as ONNX lists them: one row for each node, one for each leaf's value."""

    def __init__(self, known: dict[int, Array], encoded: bool) -> None:
        self.known = known
        self.encoded = encoded
        self.rows: list[tuple[int, int, int, str, float, int, int, int]] = []
        self.leaves: list[tuple[int, int, int, float]] = []
        self.trees = 0

    def add(self, tree: Any, order: Array, target: int) -> None:
        nodes, number = tree.nodes, self.trees
        self.trees += 1
        spare = len(nodes)
        for at, node in enumerate(nodes):
            if node["is_leaf"]:
                self.rows.append((number, at, 0, "LEAF", 0.0, 0, 0, 0))
                self.leaves.append((number, at, target, float(node["value"])))
                continue
            column = int(order[node["feature_idx"]])
            if "is_categorical" in nodes.dtype.names and node["is_categorical"]:
                spare = self._add_members(number, at, node, column, tree.raw_left_cat_bitsets, spare)
                continue
            missing = int(node["missing_go_to_left"])
            branches = int(node["left"]), int(node["right"])
            self.rows.append(
                (number, at, column, "BRANCH_LEQ", float(node["num_threshold"]), *branches, missing)
            )

    def add_plain(self, tree: Any, target: int, weight: float) -> None:
        number, self.trees = self.trees, self.trees + 1
        for at in range(tree.node_count):
            left, right = int(tree.children_left[at]), int(tree.children_right[at])
            if left < 0:
                self.rows.append((number, at, 0, "LEAF", 0.0, 0, 0, 0))
                self.leaves.append((number, at, target, float(tree.value[at, 0, 0]) * weight))
            else:
                column, split = int(tree.feature[at]), float(tree.threshold[at])
                self.rows.append((number, at, column, "BRANCH_LEQ", split, left, right, 0))

    def _add_members(self, tree: int, at: int, node: Any, column: int, bitsets: Array, spare: int) -> int:
        """A set of categories is a chain of questions; unknown and missing ones fall out of its end."""
        flags = _bits(bitsets[node["bitset_idx"]])
        left = {code for code in range(len(self.known[column])) if self._is_left(flags, column, code)}
        asked, yes, no = sorted(left), int(node["left"]), int(node["right"])
        if node["missing_go_to_left"]:
            asked = [code for code in range(len(self.known[column])) if code not in left]
            yes, no = no, yes
        values = [float(self.known[column][code]) for code in asked]
        values = [value for value in values if not np.isnan(value)] or [float("inf")]
        for place, value in enumerate(values):
            last = place == len(values) - 1
            here, after = (at if place == 0 else spare + place - 1), (no if last else spare + place)
            self.rows.append((tree, here, column, "BRANCH_EQ", value, yes, after, 0))
        return spare + len(values) - 1

    def _is_left(self, flags: Array, column: int, code: int) -> bool:
        """Trees hold codes; a column that scikit-learn did not encode holds the values themselves."""
        return bool(flags[code] if self.encoded else flags[int(self.known[column][code])])

    def attributes(self, base: Array) -> dict[str, Any]:
        from onnx import helper

        order = sorted(self.rows)
        columns: list[Any] = [list(column) for column in zip(*order)]
        leaves: list[Any] = [list(column) for column in zip(*self.leaves)]

        def doubles(name: str, values: Any) -> Any:
            return helper.make_tensor(
                name, helper.TensorProto.DOUBLE, [len(values)], [float(v) for v in values]
            )

        return {
            "nodes_treeids": columns[0],
            "nodes_nodeids": columns[1],
            "nodes_featureids": columns[2],
            "nodes_modes": columns[3],
            "nodes_values_as_tensor": doubles("nodes", columns[4]),
            "nodes_truenodeids": columns[5],
            "nodes_falsenodeids": columns[6],
            "nodes_missing_value_tracks_true": columns[7],
            "target_treeids": leaves[0],
            "target_nodeids": leaves[1],
            "target_ids": leaves[2],
            "target_weights_as_tensor": doubles("leaves", leaves[3]),
            "base_values_as_tensor": doubles("base", base),
        }
