"""From times to figures: distributions, whether they have settled, ratios of pairs with their interval."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from packager.measurement import Distribution, Ratio

LEAST_RUNS = 10
"""Of fewer runs nothing is said to have settled."""
SETTLED = 0.02
"""A median has settled when its 95 % interval lies within this part of it, on either side."""
WINDOWS, WINDOWS_SETTLED = 3, 0.05
"""Warm times have settled when the medians of the last windows lie within this part of one another."""
_RESAMPLES, _SEED = 2000, 0
_INTERVAL = (2.5, 97.5)
_MOST_BINS = 40
Verdict = Literal["smaller", "larger", "equal", "unstable"]
Floats = NDArray[np.float64]


def distribution(times_ms: Sequence[float]) -> Distribution:
    """The times as figures; percentiles are between neighbours."""
    times = np.asarray(times_ms, dtype=np.float64)
    p50, p90, p95, p99 = (float(value) for value in np.percentile(times, (50, 90, 95, 99)))
    return Distribution(
        count=len(times),
        mean=float(times.mean()),
        deviation=float(times.std(ddof=1)) if len(times) > 1 else 0.0,
        minimum=float(times.min()),
        p50=p50, p90=p90, p95=p95, p99=p99,
        maximum=float(times.max()),
    )  # fmt: skip


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median, by the bootstrap; the same values give the same interval."""
    given = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(_SEED).integers(0, len(given), (_RESAMPLES, len(given)))
    low, high = np.percentile(np.median(given[drawn], axis=1), _INTERVAL)
    return float(low), float(high)


def has_settled(times_ms: Sequence[float]) -> bool:
    """Whether the median of repeated runs is known well enough to conclude from it."""
    if len(times_ms) < LEAST_RUNS:
        return False
    low, high = median_interval(times_ms)
    median = float(np.median(times_ms))
    return median - low <= SETTLED * median and high - median <= SETTLED * median


def windows_settled(medians_ms: Sequence[float]) -> bool:
    """Whether the last windows of warm requests agree."""
    last = medians_ms[-WINDOWS:]
    return len(last) == WINDOWS and max(last) - min(last) <= WINDOWS_SETTLED * min(last)


def paired_ratio(
    figure: str, mine: Sequence[float], others: Sequence[float], stable: bool, known_to: float = SETTLED
) -> Ratio:
    """The median of the ratios of pairs that were measured together, with its 95 % interval.

    Times that are known to a part of them cannot say of less than that part that it is a difference.
    """
    ratios = np.asarray(mine, dtype=np.float64) / np.asarray(others, dtype=np.float64)
    low, high = median_interval(ratios.tolist())
    said = verdict(low, high, known_to) if stable else "unstable"
    return Ratio(figure, float(np.median(ratios)), low, high, said)


def exact_ratio(figure: str, mine: float, other: float) -> Ratio:
    """A ratio of figures that do not vary, such as sizes."""
    ratio = mine / other
    return Ratio(figure, ratio, ratio, ratio, verdict(ratio, ratio))


def verdict(low: float, high: float, known_to: float = 0.0) -> Verdict:
    """What an interval of ratios allows to say."""
    return "smaller" if high < 1 - known_to else "larger" if low > 1 + known_to else "equal"


def histogram(times_ms: Sequence[float]) -> tuple[tuple[float, int], ...]:
    """Counts by upper edge, in equal bins up to the 99th percentile; what is above stands in the last one."""
    times = np.asarray(times_ms, dtype=np.float64)
    top = float(np.percentile(times, 99))
    shown = times[times <= top]
    counts, edges = np.histogram(shown, bins=min(_MOST_BINS, max(1, int(len(times) ** 0.5))))
    bins = [(float(edge), int(count)) for edge, count in zip(edges[1:], counts, strict=True)]
    above = len(times) - len(shown)
    return (*bins, (float(times.max()), above)) if above else tuple(bins)
