"""The attributes of a tree operator, written from trees."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from packager.converters.tiny.forest import Ensemble
from packager.converters.tiny.questions import Asked

_YES, _NO = 1, 2
"""Places of children in the links of a node."""


def table(ensemble: Ensemble, leaf: str) -> dict[str, Any]:
    """The attributes of the operator for these trees; ``leaf`` is what those of leaves begin with."""
    rows: list[tuple[int, int, int, str, float, int, int, bool]] = []
    leaves: list[tuple[int, int, int, float]] = []
    for number, root in enumerate(ensemble.roots):
        for at, (place, yes, no) in enumerate(_emitted(ensemble.nodes, root)):
            asked = ensemble.nodes[place]
            if asked is None:
                rows.append((number, at, 0, "LEAF", 0.0, 0, 0, False))
                leaves += [(number, at, *pair) for pair in ensemble.leaves.get(place, ())]
            else:
                rows.append((number, at, asked.column, asked.mode, asked.values[0], yes, no, asked.missing))
    trees, ids, columns, modes, values, yes_ids, no_ids, missing = _columns(rows, 8)
    leaf_trees, leaf_ids, targets, weights = _columns(leaves, 4)
    found = {
        "nodes_treeids": trees,
        "nodes_nodeids": ids,
        "nodes_featureids": columns,
        "nodes_modes": modes,
        **_numbers("nodes_values", values, ensemble.single),
        "nodes_truenodeids": yes_ids,
        "nodes_falsenodeids": no_ids,
        f"{leaf}_treeids": leaf_trees,
        f"{leaf}_nodeids": leaf_ids,
        f"{leaf}_ids": targets,
        **_numbers(f"{leaf}_weights", weights, ensemble.single),
    }
    if ensemble.base:
        found |= _numbers("base_values", list(ensemble.base), ensemble.single)
    if any(missing):
        found["nodes_missing_value_tracks_true"] = [int(flag) for flag in missing]
    return found


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _numbers(name: str, values: list[float], single: bool) -> dict[str, Any]:
    from onnx import numpy_helper

    if single:
        return {name: [float(value) for value in values]}
    return {f"{name}_as_tensor": numpy_helper.from_array(np.array(values, dtype=np.float64))}


def _emitted(nodes: Sequence[Asked | None], root: int) -> list[tuple[int, int, int]]:
    """Of each node that is written its place, and the numbers of its children.

    Leaves come last, so that what is alike stands together, which compresses best; of other nodes chains of
    questions for one value stand in a row, where there are any, and else level by level.
    """
    links = _links(nodes, root)
    chains = any(asked is not None and asked.mode == "BRANCH_EQ" for asked in (nodes[at] for at, *_ in links))
    order = sorted(
        range(len(links)) if chains else _by_level(links), key=lambda at: nodes[links[at][0]] is None
    )
    number = {at: here for here, at in enumerate(order)} | {-1: 0}
    return [(links[at][0], number[links[at][1]], number[links[at][2]]) for at in order]


def _by_level(links: Sequence[Sequence[int]]) -> list[int]:
    order, level = {0: None}, [0]
    while level:
        children = dict.fromkeys(child for at in level for child in links[at][1:] if child >= 0)
        level = [child for child in children if child not in order]
        order |= dict.fromkeys(level)
    return list(order)


def _links(nodes: Sequence[Asked | None], root: int) -> list[list[int]]:
    """Place and children (as places in this list, -1 of leaves) of each node.

    The engine puts the child for no right behind its parent, so that only children for yes can be shared:
    a node that is met again by a no is written again. It walks in this order, too.
    """
    written: list[list[int]] = []
    number: dict[int, int] = {}
    waiting: list[tuple[int, int, int]] = [(root, -1, 0)]
    while waiting:
        place, parent, side = waiting.pop()
        shared = side == _YES and place in number
        if not shared:
            number[place] = len(written)
            written.append([place, -1, -1])
        if parent >= 0:
            written[parent][side] = number[place]
        asked = nodes[place]
        if asked is not None and not shared:
            here = number[place]
            waiting += [(asked.yes, here, _YES), (asked.no, here, _NO)]
    return written
