"""The tables of a tree ensemble in one form: a node asks if its value is greater, and none meets a NaN."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.tensors import Array
from packager.converters.tflite.lowering.kit import Node, UncoveredError

_LARGEST = float(np.finfo(np.float32).max)
_DEEPEST = 400


@dataclass(frozen=True, slots=True)
class Forest:
    """Nodes by number over all trees; a leaf leads to itself.

    A node goes to ``greater`` where its value is greater than its threshold, else to ``other``. Each column
    is there twice: ``features`` below the width have missing values as the largest number, those from the
    width on as the smallest.
    """

    roots: Array
    features: Array
    thresholds: Array
    greater: Array
    other: Array
    values: Array
    depth: int


def read_forest(node: Node, width: int, kind: str, targets: int) -> Forest:
    """``kind``: what the attributes of the leaves begin with ("class" or "target")."""
    table = _Table(node.attributes)
    forest = _Builder(table, width)
    roots = np.array([forest.place(root) for root in table.roots()], np.int32)
    values = np.zeros((len(forest.features), targets), np.float64)
    held = table.leaf_values(kind)
    for key, place in forest.leaves.items():
        for target, weight in held.get(key, ()):
            values[place, target] += weight
    return Forest(
        roots,
        np.array(forest.features, np.int32),
        np.array(forest.thresholds, np.float32),
        np.array(forest.greater, np.int32),
        np.array(forest.other, np.int32),
        values.astype(np.float32),
        max(forest.levels[root] for root in roots),
    )


Key = tuple[int, int]


class _Table:
    """The node's attributes, row by row."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        trees, nodes = given["nodes_treeids"], given["nodes_nodeids"]
        self.keys: list[Key] = list(zip(map(int, trees), map(int, nodes), strict=True))
        self.rows = {key: at for at, key in enumerate(self.keys)}
        self.modes = [mode.decode() for mode in given["nodes_modes"]]
        self.thresholds = np.asarray(self.numbers("nodes_values"), np.float64)
        self.tracks = given.get("nodes_missing_value_tracks_true") or [0] * len(self.keys)

    def numbers(self, name: str) -> Any:
        """Doubles where the table has them."""
        as_tensor = self.given.get(f"{name}_as_tensor")
        return as_tensor if as_tensor is not None and len(as_tensor) else self.given.get(name, ())

    def roots(self) -> list[Key]:
        """The first node of each tree, in their order."""
        first: dict[int, Key] = {}
        for key in self.keys:
            first.setdefault(key[0], key)
        return list(first.values())

    def leaf_values(self, kind: str) -> dict[Key, list[tuple[int, float]]]:
        held: dict[Key, list[tuple[int, float]]] = {}
        given = self.given
        places = zip(given[f"{kind}_treeids"], given[f"{kind}_nodeids"], strict=True)
        rows = zip(places, given[f"{kind}_ids"], self.numbers(f"{kind}_weights"), strict=True)
        for (tree, leaf), target, weight in rows:
            held.setdefault((int(tree), int(leaf)), []).append((int(target), float(weight)))
        return held


class _Builder:
    """Walks the trees from their roots; a subtree that two branches share is shared here, too."""

    def __init__(self, table: _Table, width: int) -> None:
        self.table = table
        self.width = width
        self.features: list[int] = []
        self.thresholds: list[float] = []
        self.greater: list[int] = []
        self.other: list[int] = []
        self.leaves: dict[Key, int] = {}
        self.levels: list[int] = []
        self._places: dict[Key, int] = {}

    def place(self, root: Key) -> int:
        """Children before their parents; without recursion, since degenerate trees are deep."""
        waiting = [root]
        while waiting:
            children = self._children(waiting[-1])
            missing = [child for child in children if child not in self._places]
            if not missing:
                key = waiting.pop()
                if key not in self._places:
                    self._places[key] = self._add(key, children)
            elif len(waiting) > 2 * len(self.table.keys):
                raise UncoveredError("a tree whose nodes lead back to themselves")
            else:
                waiting += missing
        if self.levels[self._places[root]] > _DEEPEST:
            raise UncoveredError(f"a tree of more than {_DEEPEST} levels")
        return self._places[root]

    def _children(self, key: Key) -> tuple[Key, ...]:
        row = self.table.rows[key]
        if self.table.modes[row] == "LEAF":
            return ()
        given = self.table.given
        return (
            (key[0], int(given["nodes_truenodeids"][row])),
            (key[0], int(given["nodes_falsenodeids"][row])),
        )

    def _add(self, key: Key, children: tuple[Key, ...]) -> int:
        if not children:
            self.leaves[key] = len(self.features)
            return self._node(0, np.inf, len(self.features), len(self.features))
        row = self.table.rows[key]
        yes, no = (self._places[child] for child in children)
        limit, mode = float(self.table.thresholds[row]), self.table.modes[row]
        feature = int(self.table.given["nodes_featureids"][row])
        missing = bool(self.table.tracks[row])
        if mode in ("BRANCH_LEQ", "BRANCH_LT"):
            limit = _at_most(limit) if mode == "BRANCH_LEQ" else _below(limit)
            return self._node(self._column(feature, not missing), limit, greater=no, other=yes)
        if mode in ("BRANCH_GT", "BRANCH_GTE"):
            limit = _at_most(limit) if mode == "BRANCH_GT" else _below(limit)
            return self._node(self._column(feature, missing), limit, greater=yes, other=no)
        if mode == "BRANCH_NEQ":  # a missing value equals nothing
            yes, no, missing, mode = no, yes, False, "BRANCH_EQ"
        if mode != "BRANCH_EQ":
            raise UncoveredError(f"trees with {mode}")
        return self._equal(feature, limit, yes, no, missing)

    def _equal(self, feature: int, limit: float, yes: int, no: int, missing: bool) -> int:
        """Not greater than the number, and greater than the one before it."""
        most = _at_most(limit)
        if most != limit:  # no single number equals it: only a missing value can be one of the two
            return self._node(self._column(feature, False), -_LARGEST, no, yes if missing else no)
        inner = self._node(self._column(feature, True), _below(limit), greater=yes, other=no)
        return self._node(self._column(feature, not missing), most, greater=no, other=inner)

    def _column(self, feature: int, missing_is_greater: bool) -> int:
        if feature >= self.width:
            raise UncoveredError(f"a tree that asks for column {feature} of {self.width}")
        return feature if missing_is_greater else feature + self.width

    def _node(self, feature: int, limit: float, greater: int, other: int) -> int:
        self.features.append(feature)
        self.thresholds.append(limit)
        self.greater.append(greater)
        self.other.append(other)
        place = len(self.features) - 1
        self.levels.append(0 if greater == place else 1 + max(self.levels[greater], self.levels[other]))
        return place


def _at_most(limit: float) -> float:
    """The largest single number that is not greater: the same question for every single number.

    An infinite limit separates the missing values from all others.
    """
    if limit == np.inf:
        return _LARGEST
    return _rounded_down(limit, limit)


def _below(limit: float) -> float:
    """The largest single number that is less."""
    return _rounded_down(limit, np.nextafter(limit, -np.inf))


def _rounded_down(limit: float, bound: float) -> float:
    with np.errstate(over="ignore"):
        single = np.float32(limit)
        return float(single if float(single) <= bound else np.nextafter(single, np.float32(-np.inf)))
