"""The formulas of metrics, each for many weightings of the rows at once.

``weights`` is [resamples, rows]: how often a row was drawn. A metric's value is that of weights of one. So
the bootstrap counts nothing anew. The result is [resamples]; NaN where a draw lacks what the metric needs.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
TOP = 5
_LEAST = float(np.finfo(np.float64).eps)


def mean(values: Floats, weights: Floats) -> Floats:
    """The weighted mean of what each row is worth."""
    return np.asarray(weights @ values / weights.sum(axis=1))


def hits(truth: Places, decided: Places) -> Floats:
    """1 where the decision is right."""
    return np.asarray(truth == decided, dtype=np.float64)


def top_hits(truth: Places, scores: Floats) -> Floats:
    """1 where the truth is among the best five; of equal scores the earlier class counts as the better."""
    own = _of_truth(truth, scores, -np.inf)[:, None]
    earlier = np.arange(scores.shape[1]) < truth[:, None]
    better = (scores > own) | ((scores == own) & earlier)
    return np.asarray((better.sum(axis=1) < TOP) & (truth >= 0), dtype=np.float64)


def losses(truth: Places, chances: Floats) -> Floats:
    """What each row adds to the log loss."""
    return -np.log(np.clip(_of_truth(truth, chances, 0.0), _LEAST, 1 - _LEAST))


def _of_truth(truth: Places, values: Floats, unknown: float) -> Floats:
    """Each row's value for its true class; ``unknown`` for a class that the model does not know."""
    found = values[np.arange(len(truth)), np.maximum(truth, 0)]
    return np.where(truth >= 0, found, unknown)


def rmse(truth: Floats, answers: Floats, weights: Floats) -> Floats:
    """The root of the mean squared error."""
    return np.sqrt(mean((truth - answers) ** 2, weights))


def r2(truth: Floats, answers: Floats, weights: Floats) -> Floats:
    """The share of the variance that is explained."""
    centred = truth - truth.mean()  # or the difference of two large sums would be what is left
    total = weights.sum(axis=1)
    spread = weights @ centred**2 - (weights @ centred) ** 2 / total
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - (weights @ (truth - answers) ** 2) / spread
    return np.where(spread > 0, found, np.nan)


def f1(truth: Places, decided: Places, classes: int, weights: Floats) -> Floats:
    """Of two classes that of the second, of more the mean over those that occur."""
    places = np.array([1]) if classes == 2 else np.union1d(truth, decided)
    is_true, is_said = truth[:, None] == places, decided[:, None] == places
    right = weights @ (is_true & is_said).astype(np.float64)
    either = weights @ is_true.astype(np.float64) + weights @ is_said.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(either > 0, 2 * right / either, np.nan if classes != 2 else 0.0)
    return _mean_of_known(each)


def auc(truth: Places, scores: Floats) -> Callable[[Floats], Floats]:
    """The area under the curve: of one column of scores for the second class, else one class against all
    others, averaged over those that the truth has. Sorted once, then counted for any weights."""
    if scores.shape[1] == 1:
        return _area(truth == 1, scores[:, 0])
    places = [place for place in range(scores.shape[1]) if (truth == place).any()]
    areas = [_area(truth == at, scores[:, at]) for at in places]
    return lambda weights: _mean_of_known(np.stack([area(weights) for area in areas], axis=1))


def _area(positive: NDArray[np.bool_], scores: Floats) -> Callable[[Floats], Floats]:
    """How often a positive row is above a negative one; equal scores count half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    is_up = positive[order].astype(np.float64)

    def area(weights: Floats) -> Floats:
        ordered = weights[:, order]
        up = np.add.reduceat(ordered * is_up, starts, axis=1)
        down = np.add.reduceat(ordered, starts, axis=1) - up
        below = np.cumsum(down, axis=1)
        pairs = up.sum(axis=1) * below[:, -1]
        above = np.einsum("ij,ij->i", up, below - down / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(pairs > 0, above / pairs, np.nan)

    return area


def _mean_of_known(each: Floats) -> Floats:
    known = ~np.isnan(each)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(known, each, 0.0).sum(axis=1) / known.sum(axis=1)
    return np.where(known.any(axis=1), found, np.nan)


def cosines(truth: Floats, answers: Floats) -> Floats:
    """How alike the directions of two rows of numbers are; two rows of zeros are alike."""
    sizes = np.linalg.norm(truth, axis=1), np.linalg.norm(answers, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.einsum("ij,ij->i", truth, answers) / (sizes[0] * sizes[1])
    either = (sizes[0] == 0) | (sizes[1] == 0)
    return np.asarray(np.where(either, sizes[0] == sizes[1], np.clip(found, -1, 1)), dtype=np.float64)
