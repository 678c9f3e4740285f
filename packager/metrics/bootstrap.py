"""How sure a difference of two metrics on the same rows is: both are counted again on drawn rows."""

from collections.abc import Callable, Iterator

import numpy as np

from packager.metrics.weighted import Floats

_SEED = 0
_MOST_RESAMPLES, _LEAST_RESAMPLES = 1000, 200
_CELLS = 4_000_000
"""So many weights altogether take a few tenths of a second; a quarter of them are held at once."""
_INTERVAL = (2.5, 97.5)


def interval(difference: Callable[[Floats], Floats], rows: int, columns: int = 1) -> tuple[float, float]:
    """The 95 % interval of ``difference``, which gives a value for each row of weights.

    ``columns``: how many times it goes over the rows; more of them are drawn less often.
    """
    found = np.concatenate([difference(weights) for weights in _drawn(rows, columns)])
    known = found[~np.isnan(found)]
    if not known.size:
        return float("-inf"), float("inf")
    low, high = np.percentile(known, _INTERVAL)
    return float(low), float(high)


def once(rows: int) -> Floats:
    """Every row as often as it is there."""
    return np.ones((1, rows))


def _drawn(rows: int, columns: int) -> Iterator[Floats]:
    """How often each row was drawn, in pieces that memory holds; the same for the same number of rows."""
    random = np.random.default_rng(_SEED)
    left = min(_MOST_RESAMPLES, max(_LEAST_RESAMPLES, _CELLS // (rows * columns)))
    piece = max(1, _CELLS // 4 // rows)
    while left > 0:
        count = min(piece, left)
        left -= count
        which = random.integers(0, rows, (count, rows)) + np.arange(count)[:, None] * rows
        counted = np.bincount(which.ravel(), minlength=count * rows)
        yield counted.reshape(count, rows).astype(np.float64)
