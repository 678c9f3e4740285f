"""The pass `tidy_trees`: what no row can reach or tell apart goes; answers stay."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import compressed_bytes, read_model, write_model
from packager.converters.passes.onnx_trees import (
    TreeNode,
    asked_nodes,
    precision,
    rewritten,
    size_of,
    tree_nodes,
)
from packager.converters.passes.onnx_trees_ranges import parents_first, ways
from packager.converters.passes.step import Applied, Step
from packager.converters.tiny.forest import Ensemble, Weights
from packager.converters.tiny.questions import Asked

_UPWARD = ("BRANCH_LEQ", "BRANCH_LT")
_WORTH = 0.98
"""With as many nodes as before the compressed file has to become smaller than this: nodes are sorted, too."""


def apply(step: Step) -> Applied:
    model = read_model(step)
    nodes = tree_nodes(model)
    before, after, trees = 0, 0, 0
    for node in nodes:
        tidied = tidy(node)
        before, after = before + size_of(node.ensemble), after + size_of(tidied)
        trees += len(node.ensemble.roots) - len(tidied.roots)
        rewritten(node, tidied)
    write_model(model, step)
    sizes = compressed_bytes(step.model), compressed_bytes(step.dest)
    if after >= before and sizes[1] > sizes[0] * _WORTH:
        step.dest.unlink()
        raise ConversionError(
            f"There is nothing to tidy: each of the {before:,} nodes of the trees is needed"
        )
    merged = f", {trees} trees fewer" if trees else ""
    return Applied(f"{after:,} of {before:,} nodes left{merged}", tuple(node.name for node in nodes))


def tidy(node: TreeNode) -> Ensemble:
    """The same ensemble in fewer nodes."""
    made = node.ensemble
    copied, roots = list(made.nodes), []
    for root in made.roots:
        roots.append(_tidied(copied, made.leaves, root, precision(made)))
    made = replace(made, nodes=copied, roots=roots)
    summed = not node.is_classifier and node.word("aggregate_function", "SUM") == "SUM"
    return _merged(made) if summed else made


def _tidied(nodes: list[Asked | None], leaves: dict[int, Weights], root: int, kind: Any) -> int:
    """The place of the new root; the nodes below it are replaced."""
    found = ways(nodes, root, kind)
    same: dict[Any, int] = {}
    alike: dict[int, int] = {}
    now: dict[int, int] = {}
    for place in reversed(parents_first(nodes, root)):
        asked = nodes[place]
        if asked is not None and place not in found:
            continue
        key: Any = leaves.get(place, ())
        if asked is None:
            now[place] = place
        else:
            left = _left(asked, found[place], now, alike, nodes)
            now[place] = left if isinstance(left, int) else place
            if isinstance(left, int):
                continue
            nodes[place] = left
            key = (left.mode, left.column, left.values, left.missing, alike[left.yes], alike[left.no])
        alike[place] = same.setdefault(key, len(same))
    return now[root]


def _left(
    asked: Asked,
    possible: tuple[bool, bool],
    now: dict[int, int],
    alike: dict[int, int],
    nodes: Sequence[Asked | None],
) -> int | Asked:
    """What is left of a question: the place of what stands in for it, or the question with other children."""
    if not all(possible):
        return now[asked.yes if possible[0] else asked.no]
    yes, no = now[asked.yes], now[asked.no]
    if alike[yes] == alike[no] or _asks_again(asked, yes, nodes[no], alike, by_no=True):
        return no
    if _asks_again(asked, no, nodes[yes], alike, by_no=False):
        return yes
    return replace(asked, yes=yes, no=no)


def _asks_again(asked: Asked, other: int, child: Asked | None, alike: dict[int, int], *, by_no: bool) -> bool:
    """Whether the child asks the same column and leads where the question itself does: then it is enough.

    A row that the question sends past the child would have got the same answer from it, since it lies beyond
    the child's bound, too; a missing value has to go the same way.
    """
    if child is None or child.column != asked.column or {asked.mode, child.mode} - set(_UPWARD):
        return False
    here, below = asked.values[0], child.values[0]
    if by_no:
        return here < below and alike[child.yes] == alike[other] and (child.missing or not asked.missing)
    return below < here and alike[child.no] == alike[other] and (asked.missing or not child.missing)


def _merged(ensemble: Ensemble) -> Ensemble:
    """Trees of a sum that ask the same of a row become one, with the sums of their leaves."""
    kept: dict[Any, list[int]] = {}
    for root in ensemble.roots:
        _, shape = _shape(ensemble, root)
        kept.setdefault(shape if shape is not None else root, []).append(root)
    if len(kept) == len(ensemble.roots):
        return ensemble
    leaves = dict(ensemble.leaves)
    kind = precision(ensemble)
    for roots in kept.values():
        columns = [_shape(ensemble, root)[0] for root in roots]
        for together in zip(*columns, strict=True) if len(roots) > 1 else ():
            if together[0] in leaves:
                leaves[together[0]] = _added([ensemble.leaves[place] for place in together], kind)
    return replace(ensemble, roots=[roots[0] for roots in kept.values()], leaves=leaves)


def _shape(ensemble: Ensemble, root: int) -> tuple[list[int], Any]:
    """The places of a tree in order, and what it asks and adds to; None where nodes are shared."""
    places: list[int] = []
    asked_of: list[Any] = []
    waiting = [root]
    most = sum(1 for _ in asked_nodes(ensemble, root))
    while waiting:
        place = waiting.pop()
        places.append(place)
        if len(places) > most:
            return [], None
        asked = ensemble.nodes[place]
        if asked is None:
            asked_of.append(tuple(target for target, _ in ensemble.leaves.get(place, ())))
        else:
            asked_of.append((asked.mode, asked.column, asked.values, asked.missing))
            waiting += [asked.yes, asked.no]
    return places, tuple(asked_of)


def _added(payloads: list[Weights], kind: Any) -> Weights:
    totals = [0.0] * len(payloads[0])
    for pairs in payloads:
        totals = [float(kind(total) + kind(weight)) for total, (_, weight) in zip(totals, pairs, strict=True)]
    return tuple((target, total) for (target, _), total in zip(payloads[0], totals, strict=True))
