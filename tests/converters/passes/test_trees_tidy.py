"""Tidied trees give the same answers in fewer nodes, whatever they ask and wherever values are missing."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from packager.converters.passes.onnx_trees import rewritten, size_of, tree_nodes
from packager.converters.passes.onnx_trees_tidy import tidy
from packager.converters.tiny.forest import Ensemble, Weights
from packager.converters.tiny.questions import Asked
from tests.converters.passes import tree_models as trees

TIDY = {"kind": "tidy_trees"}
ORDERED = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE")
MODES = [("BRANCH_LEQ",), ("BRANCH_LT",), ORDERED, (*ORDERED, "BRANCH_EQ", "BRANCH_NEQ")]


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("modes", MODES, ids=len)
def test_gives_the_same_answers_in_fewer_nodes(modes: tuple[str, ...], single: bool) -> None:
    random = np.random.default_rng(len(modes) + 10 * single)
    rows = trees.rows_on_and_beside_the_bounds(random, 2000, single=single)
    for _ in range(8):
        made = trees.grown(random, 4, modes, single=single)
        model = trees.model_of(made, trees.COLUMNS)
        before = trees.answers(model, rows)[0]
        (node,) = tree_nodes(model)
        tidied = tidy(node)
        rewritten(node, tidied)
        np.testing.assert_array_equal(trees.answers(model, rows)[0], before)
        assert size_of(tidied) < size_of(made)


def one_tree(*nodes: Asked | float) -> Ensemble:
    asked: list[Asked | None] = [node if isinstance(node, Asked) else None for node in nodes]
    leaves: dict[int, Weights] = {
        at: ((0, node),) for at, node in enumerate(nodes) if not isinstance(node, Asked)
    }
    return Ensemble(asked, leaves, [0], 1, (), True)


def left_of(made: Ensemble) -> int:
    (node,) = tree_nodes(trees.model_of(made, 2))
    return size_of(tidy(node))


def test_a_branch_that_no_number_reaches_stays_where_a_missing_value_reaches_it() -> None:
    again = Asked("BRANCH_LEQ", 0, (2.0,), 3, 4, False)
    first = Asked("BRANCH_LEQ", 0, (1.0,), 1, 2, False)
    assert left_of(one_tree(first, again, 1.0, 2.0, 3.0)) == 3
    with_gaps = Asked("BRANCH_LEQ", 0, (1.0,), 1, 2, True)
    assert left_of(one_tree(with_gaps, again, 1.0, 2.0, 3.0)) == 5


def test_a_step_that_leads_where_the_next_one_leads_is_left_out() -> None:
    """Up to 1, and from there up to 2, are both 5: the bound at 2 is enough."""
    first, then = (
        Asked("BRANCH_LEQ", 0, (bound,), yes, no, False) for bound, yes, no in [(1, 1, 2), (2, 3, 4)]
    )
    assert left_of(one_tree(first, 5.0, then, 5.0, 7.0)) == 3
    assert left_of(one_tree(first, 5.0, then, 6.0, 7.0)) == 5


def test_questions_that_share_what_follows_are_known_by_all_that_leads_to_them() -> None:
    """What two chains lead to can be asked for 0 by one and for 3 by the other: neither may decide alone."""
    zero = Asked("BRANCH_EQ", 0, (0.0,), 3, 1, False)
    three = Asked("BRANCH_EQ", 0, (3.0,), 3, 2, False)
    shared = Asked("BRANCH_LEQ", 0, (1.0,), 4, 5, False)
    made = one_tree(zero, three, 9.0, shared, 1.0, 2.0)
    model = trees.model_of(made, 1)
    rows = np.array([[0.0], [3.0], [1.0]], np.float32)
    assert trees.answers(model, rows)[0].ravel().tolist() == [1.0, 2.0, 9.0]
    (node,) = tree_nodes(model)
    rewritten(node, tidy(node))
    assert trees.answers(model, rows)[0].ravel().tolist() == [1.0, 2.0, 9.0]


def test_trees_that_ask_the_same_are_added_up_but_not_those_of_an_average() -> None:
    once = one_tree(Asked("BRANCH_LEQ", 0, (1.0,), 1, 2, False), 1.0, 2.0)
    twice = Ensemble(
        [*once.nodes, Asked("BRANCH_LEQ", 0, (1.0,), 4, 5, False), None, None],
        {**once.leaves, 4: ((0, 10.0),), 5: ((0, 20.0),)}, [0, 3], 1, (), True,
    )  # fmt: skip
    rows = np.array([[0.0], [2.0]], np.float32)
    for aggregate, wanted, count in [("SUM", [11.0, 22.0], 1), ("AVERAGE", [5.5, 11.0], 2)]:
        model = trees.model_of(twice, 1, aggregate_function=aggregate)
        (node,) = tree_nodes(model)
        tidied = tidy(node)
        assert len(tidied.roots) == count
        rewritten(node, tidied)
        assert trees.answers(model, rows)[0].ravel().tolist() == wanted


def test_a_deep_tree_is_no_matter(tmp_path: Path) -> None:
    depth = 3000
    nodes: list[Any] = []
    for at in range(depth):
        nodes += [Asked("BRANCH_LEQ", 0, (float(at),), 2 * at + 1, 2 * at + 2, False), float(at // 2)]
    assert left_of(one_tree(*nodes, -1.0)) == depth + 1


def test_refuses_where_nothing_becomes_smaller_and_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    made = trees.grown(np.random.default_rng(0), 6, ORDERED, single=True)
    before = trees.job_of(tmp_path / "graph", trees.model_of(made, trees.COLUMNS))
    one, two = (trees.passed(tmp_path / name, before, TIDY) for name in ("one", "two"))
    assert one.result["ok"], one.result
    assert (one.folder / "model.onnx").read_bytes() == (two.folder / "model.onnx").read_bytes()
    again = trees.passed(tmp_path / "again", one, TIDY)
    assert again.error["message"].startswith("There is nothing to tidy")


def test_refuses_trees_that_go_in_circles(tmp_path: Path) -> None:
    circle = one_tree(Asked("BRANCH_LEQ", 0, (1.0,), 1, 2, False), 1.0, 2.0)
    model = trees.model_of(circle, 1)
    for attribute in model.graph.node[0].attribute:
        if attribute.name == "nodes_falsenodeids":
            attribute.ints[0] = 0
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(Exception, match="go in circles"):
        tree_nodes(onnx.load(tmp_path / "model.onnx"))
