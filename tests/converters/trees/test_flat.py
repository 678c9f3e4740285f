"""Flat trees: one tree each, or refused before anything walks through it."""

from typing import Any

import numpy as np
import pytest

from packager.converters.failure import SourceError
from packager.converters.trees.flat import DEEPEST, LEAF, LESS, MEMBER, Tree, Trees, make_tree


def stump(**changes: Any) -> Tree:
    columns: dict[str, Any] = {
        "asks": [LESS, LEAF, LEAF],
        "feature": [1, 0, 0],
        "threshold": [0.5, 0, 0],
        "yes": [1, -1, -1],
        "no": [2, -1, -1],
        "missing_yes": [True, False, False],
        "values": [0.0, 1.0, 2.0],
    }
    return make_tree(columns | changes, {}, features=2, number=7)


def test_keeps_what_a_tree_asks() -> None:
    tree = stump()
    assert tree.threshold.tolist() == [0.5, 0, 0]
    assert (tree.yes.tolist(), tree.no.tolist()) == ([1, -1, -1], [2, -1, -1])
    assert tree.values.tolist() == [[0], [1], [2]]


def test_drops_nodes_that_nothing_leads_to() -> None:
    """XGBoost leaves pruned nodes in its tables."""
    tree = stump(
        asks=[LESS, LESS, LEAF, LEAF],
        feature=[1, 0, 0, 0],
        threshold=[0.5, 0, 0, 0],
        yes=[3, 2, -1, -1],
        no=[2, 3, -1, -1],
        missing_yes=[False] * 4,
        values=[0.0, 0.0, 1.0, 2.0],
    )
    assert tree.values.ravel().tolist() == [0, 2, 1]
    assert (tree.yes.tolist(), tree.no.tolist()) == ([1, -1, -1], [2, -1, -1])


BROKEN: dict[str, dict[str, Any]] = {
    "a child that does not exist": {"yes": [3, -1, -1]},
    "a negative child": {"no": [-5, -1, -1]},
    "a feature that does not exist": {"feature": [2, 0, 0]},
    "itself as its child": {"yes": [0, -1, -1]},
    "one child twice": {"yes": [2, -1, -1]},
    "a split value that is no number": {"threshold": [np.nan, 0, 0]},
    "an infinite leaf": {"values": [0, np.inf, 0]},
    "columns of different lengths": {"feature": [1, 0]},
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_refuses_a_tree_with(name: str) -> None:
    with pytest.raises(SourceError, match=r"Tree 7 of the model .* damaged"):
        stump(**BROKEN[name])


def test_refuses_a_tree_deeper_than_any_that_was_trained() -> None:
    """Inner nodes 0 to n - 1 in a line, then their leaves."""
    inner = DEEPEST + 1
    line = np.arange(inner)
    leaves = np.full(inner + 1, -1)
    with pytest.raises(SourceError, match="goes in circles"):
        stump(
            asks=[LESS] * inner + [LEAF] * (inner + 1),
            feature=np.zeros(2 * inner + 1, dtype=int),
            threshold=np.zeros(2 * inner + 1),
            yes=np.r_[line[1:], 2 * inner, leaves],
            no=np.r_[line + inner, leaves],
            missing_yes=np.zeros(2 * inner + 1),
            values=np.zeros(2 * inner + 1),
        )


def test_names_the_values_that_each_feature_is_decided_by() -> None:
    sets = make_tree(
        {
            "asks": [MEMBER, LEAF, LEAF],
            "feature": [0, 0, 0],
            "threshold": [0, 0, 0],
            "yes": [1, -1, -1],
            "no": [2, -1, -1],
            "missing_yes": [False] * 3,
            "values": [0, 1, 2],
        },
        {0: [5, 3]},
        features=2,
        number=0,
    )
    trees = Trees((stump(), stump(threshold=[0.25, 0, 0]), sets), (0, 0, 0))
    assert [values.tolist() for values in trees.decisive(2)] == [[3, 5], [0.25, 0.5]]
    assert trees.categorical(2).tolist() == [True, False]
