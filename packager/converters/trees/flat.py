"""A tree ensemble as flat arrays: what every format of trees is read into, and every engine can run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from packager.converters.failure import SourceError
from packager.converters.tensors import Array

LEAF, LESS, LESS_EQUAL, MEMBER = 0, 1, 2, 3
"""What a node asks: nothing, ``x < threshold``, ``x <= threshold``, whether x is one of its members."""

DEEPEST = 4096
"""Engines build trees by recursion; no trained tree is this deep."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree; node 0 is its root, and children stand behind their parents.

    ``yes`` and ``no`` are -1 in leaves. ``missing_yes``: where NaN goes. ``values``: one column for each
    target that the tree adds to; ``members`` only has nodes that ask for membership.
    """

    asks: Array
    feature: Array
    threshold: Array
    yes: Array
    no: Array
    missing_yes: Array
    values: Array
    members: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.asks)


@dataclass(frozen=True, slots=True)
class Trees:
    """All trees. ``targets``: for each tree the first column of the answer that it adds to."""

    trees: tuple[Tree, ...]
    targets: tuple[int, ...]

    def decisive(self, features: int) -> list[Array]:
        """For each feature the values that the trees decide by, in order: split values, or members."""
        asking = [np.isin(tree.asks, (LESS, LESS_EQUAL)) for tree in self.trees]
        places = [tree.feature[asked] for tree, asked in zip(self.trees, asking, strict=True)]
        values = [tree.threshold[asked] for tree, asked in zip(self.trees, asking, strict=True)]
        for tree in self.trees:
            for node, members in tree.members.items():
                places.append(np.full(len(members), tree.feature[node]))
                values.append(np.array(members, dtype=np.float64))
        place = np.concatenate([np.zeros(0, dtype=np.int64), *places])
        value = np.concatenate([np.zeros(0), *values])
        order = np.argsort(place, kind="stable")
        bounds = np.searchsorted(place[order], np.arange(features + 1))
        return [np.unique(value[order][start:end]) for start, end in pairwise(bounds)]

    def categorical(self, features: int) -> Array:
        flags = np.zeros(features, dtype=bool)
        for tree in self.trees:
            flags[tree.feature[tree.asks == MEMBER]] = True
        return flags


def make_tree(
    columns: Mapping[str, Any], members: Mapping[int, Sequence[int]], features: int, number: int
) -> Tree:
    """A tree of the columns of ``Tree``, checked: it is one tree, and asks for features that exist.

    Compiled code walks trees without looking, so a child out of range or a cycle must not come that far.
    """
    asks = np.asarray(columns["asks"], dtype=np.uint8)
    count = len(asks)
    table = {name: np.asarray(columns[name]) for name in ("feature", "threshold", "yes", "no", "missing_yes")}
    values = np.asarray(columns["values"], dtype=np.float64).reshape(count, -1)
    if count == 0 or any(len(column) != count for column in table.values()):
        raise SourceError(f"Tree {number} of the model has columns of different lengths: the file is damaged")
    inner = asks != LEAF
    _check(table, inner, values, features, number)
    order = _reached(inner, table["yes"].astype(np.int64), table["no"].astype(np.int64), number)
    place = np.full(count, -1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    inner, kept = inner[order], {name: column[order] for name, column in table.items()}
    return Tree(
        asks=asks[order],
        feature=np.where(inner, kept["feature"], 0).astype(np.int32),
        threshold=np.where(inner, kept["threshold"], 0).astype(np.float64),
        yes=np.where(inner, place[np.where(inner, kept["yes"], 0)], -1).astype(np.int32),
        no=np.where(inner, place[np.where(inner, kept["no"], 0)], -1).astype(np.int32),
        missing_yes=np.where(inner, kept["missing_yes"], False).astype(bool),
        values=values[order],
        members={
            int(place[node]): tuple(sorted(found)) for node, found in members.items() if place[node] >= 0
        },
    )


def _check(table: Mapping[str, Array], inner: Array, values: Array, features: int, number: int) -> None:
    for name, limit in (("yes", len(inner)), ("no", len(inner)), ("feature", features)):
        found = table[name][inner]
        if len(found) and not (found.min() >= 0 and found.max() < limit):
            wrong = int(found.max() if found.max() >= limit else found.min())
            raise SourceError(
                f"Tree {number} of the model has {wrong} as the number of a "
                f"{'feature' if name == 'feature' else 'child'}, which does not exist: the file is damaged"
            )
    if np.isnan(table["threshold"][inner].astype(np.float64)).any() or not np.isfinite(values[~inner]).all():
        raise SourceError(f"Tree {number} of the model has values that are no numbers: the file is damaged")


def _reached(inner: Array, yes: Array, no: Array, number: int) -> Array:
    """The nodes under the root, level by level; a node with two parents is no tree."""
    levels, level, seen = [], np.array([0]), 0
    while len(level):
        levels.append(level)
        seen += len(level)
        if seen > len(inner) or len(levels) > DEEPEST:
            raise SourceError(f"Tree {number} of the model goes in circles: the file is damaged")
        asking = level[inner[level]]
        level = np.stack([yes[asking], no[asking]], axis=1).ravel()
    order = np.concatenate(levels)
    if len(np.unique(order)) != len(order):
        raise SourceError(f"Tree {number} of the model has a node with two parents: the file is damaged")
    return order
