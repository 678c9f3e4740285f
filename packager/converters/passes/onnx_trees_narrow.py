"""The pass `narrow_trees`: thresholds with few significant bits, leaves on a grid."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_file import compressed_bytes, read_model, write_model
from packager.converters.passes.onnx_trees import (
    TreeNode,
    as_stored,
    asked_nodes,
    is_looked_up,
    rewritten,
    size_of,
    tree_nodes,
    weights_of,
)
from packager.converters.passes.onnx_trees_alone import rows_into
from packager.converters.passes.onnx_trees_shares import full_share, in_units
from packager.converters.passes.onnx_trees_single import in_single
from packager.converters.passes.onnx_trees_tidy import tidy
from packager.converters.passes.step import Applied, Step
from packager.converters.tensors import Array
from packager.converters.tiny.forest import Ensemble, Weights

_UPPER_INCLUDED = ("BRANCH_LEQ", "BRANCH_GT")
_UPPER_EXCLUDED = ("BRANCH_LT", "BRANCH_GTE")
_MOST_BITS = 24


def apply(step: Step) -> Applied:
    model = read_model(step)
    nodes, after = tree_nodes(model), []
    for node in nodes:
        # Made rows lie on thresholds and beside them: those then stay as they are.
        rows = rows_into(step.calibration or step.reference, model, node)
        made = thresholds_rounded(node.ensemble, step.options["threshold_bits"], rows)
        if not is_looked_up(model, node):
            made = leaves_rounded(node, made, step.options["leaf_bits"])
        made = in_single(model, node, tidy(replace(node, ensemble=made)), rows)
        after.append(made)
        rewritten(node, made)
    write_model(model, step)
    whole, left = compressed_bytes(step.model), compressed_bytes(step.dest)
    if left >= whole:
        step.dest.unlink()
        raise ConversionError(f"The model would have {left:,} bytes, compressed, instead of {whole:,}")
    words = _counted([node.ensemble for node in nodes], after)
    return Applied(f"{words}; compressed {whole:,} to {left:,} bytes", tuple(node.name for node in nodes))


def _counted(before: Sequence[Ensemble], after: Sequence[Ensemble]) -> str:
    (thresholds, leaves, nodes), (fewer, other, left) = (
        [sum(counts) for counts in zip(*map(_distinct, ensembles), strict=True)]
        for ensembles in (before, after)
    )
    return (
        f"{thresholds:,} thresholds to {fewer:,}, {leaves:,} leaves to {other:,}, "
        f"{left:,} of {nodes:,} nodes left"
    )


def _distinct(ensemble: Ensemble) -> tuple[int, int, int]:
    """How many different thresholds and leaves there are, and how many nodes."""
    thresholds, leaves = set[Any](), set[Any]()
    for root in ensemble.roots:
        for place in asked_nodes(ensemble, root):
            asked = ensemble.nodes[place]
            if asked is None:
                leaves.add(ensemble.leaves.get(place, ()))
            else:
                thresholds.add((asked.column, asked.values))
    return len(thresholds), len(leaves), size_of(ensemble)


def thresholds_rounded(ensemble: Ensemble, bits: int, rows: Array | None) -> Ensemble:
    """The same trees with shorter thresholds. ``rows``, where there are any, all answer as before."""
    known: dict[tuple[int, bool, float], float] = {}
    columns: dict[int, Array] = {}
    nodes = list(ensemble.nodes)
    for place, asked in enumerate(nodes):
        if asked is None or asked.mode not in (*_UPPER_INCLUDED, *_UPPER_EXCLUDED):
            continue
        included = asked.mode in _UPPER_INCLUDED
        key = (asked.column, included, asked.values[0])
        if key not in known:
            if rows is not None and asked.column not in columns:
                columns[asked.column] = np.unique(rows[:, asked.column])
            seen = columns.get(asked.column, np.zeros(0))
            known[key] = shortened(asked.values[0], bits, seen[~np.isnan(seen)], included=included)
        nodes[place] = replace(asked, values=(known[key],))
    return replace(ensemble, nodes=nodes)


def shortened(threshold: float, bits: int, seen: Array, *, included: bool) -> float:
    """The nearest number of ``bits`` significant bits, or of as many more as keep each of the values ``seen``
    (in order) on its side; ``included``: whether the threshold itself answers as what is below it."""
    if threshold == 0 or not np.isfinite(threshold):
        return threshold
    at = int(np.searchsorted(seen, threshold, side="right" if included else "left"))
    below = seen[at - 1] if at else -np.inf
    above = seen[at] if at < len(seen) else np.inf
    stays: Callable[[float], Any] = (
        (lambda value: below <= value < above) if included else (lambda value: below < value <= above)
    )
    for width in range(bits, _MOST_BITS + 1):
        unit = 2.0 ** (np.floor(np.log2(abs(threshold))) + 1 - width)
        nearest = float(np.rint(threshold / unit) * unit)
        for candidate in (nearest, nearest - unit, nearest + unit):
            if stays(candidate):
                return candidate
    return threshold


def leaves_rounded(node: TreeNode, ensemble: Ensemble, bits: int) -> Ensemble:
    """The same trees with leaves on a grid; shares of classes still add up to what they did."""
    full = full_share(node)
    if full is not None:
        unit = full / 2**bits
        leaves = {place: in_units(pairs, unit) for place, pairs in ensemble.leaves.items()}
    else:
        spread = _spread(ensemble)
        if not spread > 0:
            return ensemble
        unit = 2.0 ** (np.floor(np.log2(spread)) + 1 - bits)
        leaves = {place: _on_grid(pairs, unit) for place, pairs in ensemble.leaves.items()}
    stored = {
        place: tuple(zip((target for target, _ in pairs), as_stored(_weights(pairs), ensemble), strict=True))
        for place, pairs in leaves.items()
    }
    return replace(ensemble, leaves=stored)


def _weights(pairs: Weights) -> Array:
    return np.array([weight for _, weight in pairs], dtype=np.float64)


def _on_grid(pairs: Weights, unit: float) -> Weights:
    return tuple((target, float(np.rint(weight / unit) * unit)) for target, weight in pairs)


def _spread(ensemble: Ensemble) -> float:
    """What usually lies between the least and the most that a tree says."""
    found = []
    for root in ensemble.roots:
        weights = [weight for pairs in weights_of(ensemble, root) for _, weight in pairs]
        if weights and max(weights) > min(weights):
            found.append(max(weights) - min(weights))
    return float(np.median(found)) if found else 0.0
