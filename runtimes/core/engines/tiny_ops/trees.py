"""Tree ensembles: the leaves that a row falls into, summed (or the smallest, or the largest of them).

An inner node is the tuple (column, threshold, node where the column's value is at most the threshold, node
where it is not), a leaf is (payload, None, None, None): of the ways to walk trees that were measured, no
other without generated code is quicker. Every question is brought to this one by the builder. A missing
value answers it with no; the columns behind the last that is read are the same ones with the lowest number
in the place of a missing value, which answers yes.
"""

from __future__ import annotations

from array import array

from runtimes.core.engines.tiny_ops.rounding import single_of_whole
from runtimes.core.errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from runtimes.core.engines.tiny import Operate, Step, Value

    Node = tuple[Any, Any, Any, Any]
    Walk = Callable[[list[Node], list[float], Any], None]

_LOWEST = float("-inf")
_WHOLE = ("int64", "int32")


def sums(step: Step) -> Operate:
    """For each row the sum of each target's leaves, and the base; an average where there is a divisor."""
    return _ensemble(step, _add_one if step.attributes["targets"] == 1 else _add_pairs, 0.0)


def least(step: Step) -> Operate:
    """For each row the smallest of each target's leaves, and the base."""
    return _ensemble(step, _farthest(min), float("inf"))


def most(step: Step) -> Operate:
    """For each row the largest of each target's leaves, and the base."""
    return _ensemble(step, _farthest(max), _LOWEST)


def _add_one(roots: list[Node], row: list[float], totals: Any) -> None:
    for root in roots:
        column, threshold, yes, no = root
        while threshold is not None:
            column, threshold, yes, no = yes if row[column] <= threshold else no
        totals[0] += column


def _add_pairs(roots: list[Node], row: list[float], totals: Any) -> None:
    for root in roots:
        column, threshold, yes, no = root
        while threshold is not None:
            column, threshold, yes, no = yes if row[column] <= threshold else no
        for target, weight in column:
            totals[target] += weight


def _farthest(better: Callable[[float, float], float]) -> Walk:
    def walk(roots: list[Node], row: list[float], totals: Any) -> None:
        for root in roots:
            column, threshold, yes, no = root
            while threshold is not None:
                column, threshold, yes, no = yes if row[column] <= threshold else no
            for target, weight in column:
                totals[target] = better(totals[target], weight)

    return walk


def _ensemble(step: Step, walk: Walk, start: float) -> Operate:
    columns, gaps, whole = step.attributes["columns"], "gaps" in step.attributes, step.takes[0] in _WHOLE
    roots, finish = _nodes(step, plain=walk is _add_one), _finish(step)
    # An array of single precision rounds each sum as it is stored, a list leaves it in double.
    blank: Any = [start] * step.attributes["targets"]
    if step.attributes["single"]:
        blank = array("f", blank)

    def operate(rows: Value, *_: Value) -> list[Value]:
        shape, data = rows
        width = shape[-1] if shape else 0
        if width < columns:
            raise ModelError(f"the trees read {columns} columns of {list(shape)}", about_input=True)
        if whole:
            data = single_of_whole(data)
        found: list[float] = []
        for place in range(0, len(data), width):
            row = data[place : place + columns]
            if gaps:
                row += [_LOWEST if value != value else value for value in row]
            totals = blank[:]
            walk(roots, row, totals)
            finish(totals)
            found += totals
        return [((len(found) // len(blank), len(blank)), found)]

    return operate


def _finish(step: Step) -> Callable[[Any], None]:
    """What is done to the sums of a row: the average, then the base."""
    divisor, base = step.attributes.get("divisor", 1), step.attributes.get("base", ())

    def finish(totals: Any) -> None:
        for target in range(len(totals)):
            totals[target] /= divisor
        for target, value in enumerate(base):
            totals[target] += value

    return finish


def _nodes(step: Step, plain: bool) -> list[Node]:
    """The roots. Leaves come first; an inner node finds a leaf by its place, others by counting back."""
    columns, thresholds, yes, no, roots, weights = [data for _, data in _known(step.constants[1:7])]
    if plain:
        leaves = weights
    else:
        (_, sizes), (_, targets) = _known(step.constants[7:9])
        pairs, end, leaves = list(zip(targets, weights)), 0, []
        for size in sizes:
            leaves.append(tuple(pairs[end : end + size]))
            end += size
    nodes: list[Node] = [(leaf, None, None, None) for leaf in leaves]
    for column, threshold, where_yes, where_no in zip(columns, thresholds, yes, no):
        nodes.append((column, threshold, nodes[where_yes], nodes[where_no]))
    return [nodes[root] for root in roots]


def _known(constants: list[Value | None]) -> list[Value]:
    return [value for value in constants if value is not None]
