"""Whether an ensemble is a mean of trees that each predict all (a forest), or a sum of corrections.

A graph rarely says so: converters write a forest's mean as a sum of leaves that are divided beforehand.
"""

import numpy as np

from packager.converters.passes.onnx_trees import TreeNode
from packager.converters.passes.onnx_trees_alone import Alone
from packager.converters.tensors import Array

_FORESTS = ("RandomForest", "ExtraTrees", "XGBRF", "IsolationForest", " averaged trees, ")
_BOOSTED = ("Boosting", "XGBClassifier", "XGBRegressor", " rounds, ")
_SAME_MEAN = 1.5
_FAR_OFF = 5.0


def is_averaged(node: TreeNode, alone: Alone, source: str) -> bool:
    """By the operator's word, by leaves that are shares of classes, by what the source model is called, or
    where nobody says (``source`` is empty, or both kinds), by what each tree says alone."""
    if node.word("aggregate_function", "SUM") == "AVERAGE" or _gives_shares(node):
        return True
    forest = any(name in source for name in _FORESTS)
    boosted = any(name in source for name in _BOOSTED)
    if forest != boosted:
        return forest
    columns = [alone.of_target(target)[1] for target in range(node.ensemble.targets)]
    several = [said[:, 1:] for said in columns if said.shape[1] > 1]
    return bool(several) and all(_alike(said) for said in several)


def _gives_shares(node: TreeNode) -> bool:
    """Without anything done to the sums, numbers that are never negative are shares of the trees' votes."""
    if not node.is_classifier or node.word("post_transform", "NONE") != "NONE":
        return False
    return all(weight >= 0 for pairs in node.ensemble.leaves.values() for _, weight in pairs)


def _alike(said: Array) -> bool:
    """Whether all trees are on one side of zero and about as far from it: corrections get smaller, and differ
    in sign. The first tree is left out, since it may hold what boosting starts from."""
    means = np.abs(said.mean(axis=0))
    one_sign = (said >= 0).all() or (said <= 0).all()
    return bool(one_sign and means.min() > 0 and means.max() / means.min() <= _SAME_MEAN)


def start_of(said: Array) -> float:
    """What the first tree holds besides its own answer: the constant that the library begins its sum with.

    It is taken for one where it is far from all that the other trees say on average.
    """
    if said.shape[1] < 2:
        return 0.0
    means = said.mean(axis=0)
    start = float(means[0] - np.median(means[1:]))
    usual = float(np.abs(means[1:] - np.median(means[1:])).max() + said[:, 1:].std())
    return start if abs(start) > _FAR_OFF * usual else 0.0
