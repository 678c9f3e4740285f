"""Leaves that say how the rows in them were shared out among classes."""

import math

from packager.converters.passes.onnx_trees import TreeNode, weights_of
from packager.converters.tiny.forest import Weights

_SAME = 1e-4


def full_share(node: TreeNode) -> float | None:
    """What all shares of a leaf add up to; None where leaves are no shares.

    Of two classes the leaves may say the share of one alone: then a leaf of nothing but that one says it.
    """
    if not node.is_classifier or node.word("post_transform", "NONE") != "NONE":
        return None
    leaves = [pairs for root in node.ensemble.roots for pairs in weights_of(node.ensemble, root) if pairs]
    if not leaves or any(weight < 0 for pairs in leaves for _, weight in pairs):
        return None
    sums = [math.fsum(weight for _, weight in pairs) for pairs in leaves]
    if all(len(pairs) == 1 for pairs in leaves) and node.ensemble.targets == 2:
        return max(sums) or None
    return max(sums) if max(sums) - min(sums) <= _SAME * max(sums) else None


def in_units(pairs: Weights, unit: float) -> Weights:
    """Shares as multiples of ``unit`` that add up to what they did: the largest remainders are rounded up."""
    if len(pairs) == 1:
        return ((pairs[0][0], round(pairs[0][1] / unit) * unit),)
    exact = [weight / unit for _, weight in pairs]
    whole = [math.floor(value) for value in exact]
    missing = round(math.fsum(exact)) - sum(whole)
    order = sorted(range(len(pairs)), key=lambda at: (whole[at] - exact[at], at))
    for at in order[:missing]:
        whole[at] += 1
    return tuple((target, count * unit) for (target, _), count in zip(pairs, whole, strict=True))
