"""The tables of trees lead every row to the leaf that the engine tiny finds, in fewer bytes."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from packager.firmware.forest import Forest, floored, smallest

_ROWS = [np.array(row) for row in np.random.default_rng(0).integers(0, 4, (40, 3))]


def _grown(draw: Any) -> tuple[list[int], list[float], list[int], list[int], list[int]]:
    """Trees as the engine's file has them, children before their parents, with four leaves."""
    columns: list[int] = []
    bounds: list[float] = []
    yes: list[int] = []
    no: list[int] = []
    roots: list[int] = []

    def grow(depth: int) -> int:
        if depth == 0 or draw(st.booleans()):
            return draw(st.integers(0, 3))
        left, right = grow(depth - 1), grow(depth - 1)
        at = len(columns)
        columns.append(draw(st.integers(0, 2)))
        bounds.append(draw(st.sampled_from([0.5, 1.5, 2.5])))
        yes.append(left if left >= 0 else -left - 1 - at)
        no.append(right if right >= 0 else -right - 1 - at)
        return -1 - at

    for _ in range(draw(st.integers(1, 3))):
        root = grow(4)
        roots.append(root if root >= 0 else 4 - 1 - root)
    return columns, bounds, yes, no, roots


def _by_file(tree: Any, root: int, row: Any) -> int:
    columns, bounds, yes, no, _ = tree
    at = root
    while at >= 4:
        node = at - 4
        link = yes[node] if row[columns[node]] <= bounds[node] else no[node]
        at = link if link >= 0 else 4 + node + link
    return int(at)


def _by_tables(forest: Forest, root: int, row: Any) -> int:
    at = root
    while at < forest.inner:
        link = int((forest.yes if row[forest.columns[at]] <= forest.thresholds[at] else forest.no)[at])
        if forest.leaves is None:
            at = link
        else:
            at = forest.inner + link if link < forest.leaves else at + link - forest.leaves + 1
    return at - forest.inner


@given(st.data())
def test_every_row_reaches_its_leaf(data: st.DataObject) -> None:
    tree = _grown(data.draw)
    columns, _, yes, no, roots = (np.array(part, dtype=np.int64) for part in tree)
    forest = smallest(columns, np.array(tree[1], np.float32), yes, no, roots, 4)
    for root, place in zip(tree[4], forest.roots.tolist(), strict=True):
        for row in _ROWS:
            assert _by_tables(forest, place, row) == _by_file(tree, root, row)


def test_subtrees_that_are_alike_are_one_and_a_vain_question_is_none() -> None:
    columns, bounds = np.array([0, 0, 1, 2]), np.full(4, 0.5, np.float32)
    # 0 and 1 are alike, 2 asks which of them, and 3 asks in vain: it is leaf 1.
    forest = smallest(columns, bounds, np.array([0, 0, -2, 1]), np.array([1, 1, -1, 1]), np.array([4, 5]), 2)
    assert forest.inner == 1
    assert forest.roots.tolist() == [0, 2]


_FINITE = st.floats(width=32, allow_nan=False)


@given(arrays(np.float64, 5, elements=st.floats(allow_nan=False)), st.lists(_FINITE, min_size=5, max_size=5))
def test_single_numbers_meet_a_floored_threshold_as_they_met_it(bounds: Any, row: list[float]) -> None:
    with np.errstate(over="ignore"):
        numbers = np.array([*row, *bounds], dtype=np.float32)
    for number in numbers:
        np.testing.assert_array_equal(number <= floored(bounds), float(number) <= bounds)
