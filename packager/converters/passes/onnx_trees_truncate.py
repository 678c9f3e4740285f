"""The pass `truncate_trees`: the last rounds of boosting left out, or trees of a forest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import read_model, write_model
from packager.converters.passes.onnx_trees import (
    TreeNode,
    as_stored,
    asked_nodes,
    is_looked_up,
    rewritten,
    size_of,
    tree_nodes,
)
from packager.converters.passes.onnx_trees_alone import Alone, each_alone, made_rows, rows_into
from packager.converters.passes.onnx_trees_averaged import is_averaged, start_of
from packager.converters.passes.step import Applied, Step
from packager.converters.tensors import Array
from packager.converters.tiny.forest import Ensemble, Weights


def apply(step: Step) -> Applied:
    model = read_model(step)
    nodes = tree_nodes(model)
    changed, said = [], []
    for node in nodes:
        if is_looked_up(model, node) or node.word("aggregate_function", "SUM") in ("MIN", "MAX"):
            continue
        rows = rows_into(step.calibration, model, node) if step.options["choose"] == "greedy" else None
        ensemble, words = _truncated(step, node, rows)
        if ensemble is not None:
            rewritten(node, ensemble)
            changed.append(node.name)
            said.append(words)
    if not changed:
        raise ConversionError(_nothing(nodes, step.options["keep"]))
    write_model(model, step)
    return Applied("; ".join(said), tuple(changed))


def _nothing(nodes: Sequence[TreeNode], keep: float) -> str:
    most = max(len(node.ensemble.roots) for node in nodes)
    if most == 1:
        return f"There is nothing to drop: each of the {len(nodes)} ensembles has one tree"
    return (
        f"There is nothing to drop: with {keep:g} of them all of the {most} trees stay, or they give numbers "
        "of leaves instead of a sum"
    )


def _truncated(step: Step, node: TreeNode, rows: Array | None) -> tuple[Ensemble | None, str]:
    """The smaller ensemble with a few words; None where all trees stay."""
    before = node.ensemble
    if len(before.roots) < 2:
        return None, ""
    alone = each_alone(before, made_rows(before, step.seed) if rows is None else rows)
    averaged = step.options["averaged"]
    averaged = is_averaged(node, alone, step.source) if averaged is None else averaged
    if step.options["choose"] == "greedy":
        _check_choice(node, rows, averaged)
    kept, rounds = _kept(before, alone, step.options, averaged)
    if len(kept) == len(before.roots):
        return None, ""
    after = replace(before, roots=[before.roots[tree] for tree in kept])
    if averaged and node.word("aggregate_function", "SUM") != "AVERAGE":
        after = _rescaled(before, after, alone, kept)
    return after, f"{rounds} kept, {size_of(after):,} of {size_of(before):,} nodes"


def _check_choice(node: TreeNode, rows: Array | None, averaged: bool) -> None:
    if rows is None:
        raise ConversionError("Trees are chosen on rows, and there are none", hint="give --samples")
    if not averaged:
        raise ConversionError(
            f"{node.name} is a sum of corrections, each to those before it: its last rounds go, or none",
            hint="leave choose out",
        )


def _kept(ensemble: Ensemble, alone: Alone, options: dict[str, Any], averaged: bool) -> tuple[list[int], str]:
    """The trees that stay, and how many that is, in words."""
    kept: list[int] = []
    groups = _groups(ensemble, alone)
    words = set()
    for targets, trees in groups.items():
        together = 1 if averaged or len(groups) == 1 else _parallel(groups)
        rounds = len(trees) // together
        count = max(1, round(options["keep"] * rounds))
        if options["choose"] == "greedy":
            columns = np.stack([_column(alone, trees, target) for target in targets])
            kept += [trees[at] for at in most_like_all(columns, count)]
        else:
            kept += trees[: count * together]
        words.add(f"{count} of {rounds} {'trees' if averaged else 'rounds'}")
    return sorted(kept), " or ".join(sorted(words))


def _groups(ensemble: Ensemble, alone: Alone) -> dict[tuple[int, ...], list[int]]:
    """The trees, in order, by the targets that they add to: one of each makes a round."""
    targets: dict[int, list[int]] = {tree: [] for tree in range(len(ensemble.roots))}
    for tree, target in alone.pairs:
        targets[tree].append(target)
    groups: dict[tuple[int, ...], list[int]] = {}
    for tree, mine in targets.items():
        groups.setdefault(tuple(mine), []).append(tree)
    return groups


def _parallel(groups: dict[tuple[int, ...], list[int]]) -> int:
    """How many trees in a row a round has for a target: XGBoost can grow several at once."""
    trees = next(iter(groups.values()))
    run = 1
    while run < len(trees) and trees[run] == trees[0] + run:
        run += 1
    same = all(len(other) % run == 0 for other in groups.values())
    return run if same else 1


def _column(alone: Alone, trees: Sequence[int], target: int) -> Array:
    mine, said = alone.of_target(target)
    return said[:, [mine.index(tree) for tree in trees]]


def most_like_all(said: Array, count: int) -> list[int]:
    """Of trees (the last axis; targets and rows before it) those whose mean stays nearest to the mean of all,
    found by leaving out one after the other."""
    flat = said.reshape(-1, said.shape[-1])
    apart = flat - flat.mean(axis=1, keepdims=True)
    products = apart.T @ apart
    kept = np.ones(len(products), dtype=bool)
    toward = products.sum(axis=0)
    while kept.sum() > count:
        # The squared distance of the sum of the others, for each tree that could go.
        left = toward[kept].sum() - 2 * toward + np.diag(products)
        gone = int(np.argmin(np.where(kept, left, np.inf)))
        kept[gone] = False
        toward = toward - products[gone]
    return np.flatnonzero(kept).tolist()


def _rescaled(before: Ensemble, after: Ensemble, alone: Alone, kept: Sequence[int]) -> Ensemble:
    """The leaves of the trees that stay, so that their sum is again a mean of what all trees say."""
    scale = np.ones(before.targets)
    starts = np.zeros(before.targets)
    for target in range(before.targets):
        trees, said = alone.of_target(target)
        left = [tree for tree in trees if tree in kept]
        scale[target] = len(trees) / max(1, len(left))
        starts[target] = start_of(said) if left and left[0] == 0 else 0.0
    leaves = dict(before.leaves)
    for number, root in enumerate(after.roots):
        start = starts if number == 0 else np.zeros(before.targets)
        for place in asked_nodes(after, root):
            if after.nodes[place] is None:
                leaves[place] = _scaled(before, before.leaves.get(place, ()), scale, start)
    return replace(after, leaves=leaves)


def _scaled(ensemble: Ensemble, pairs: Weights, scale: Array, start: Array) -> Weights:
    targets = [target for target, _ in pairs]
    weights = np.array([weight for _, weight in pairs], dtype=np.float64)
    moved = (weights - start[targets]) * scale[targets] + start[targets]
    return tuple(zip(targets, as_stored(moved, ensemble), strict=True))
