"""Intervals of differences on the same rows."""

import numpy as np

from packager.metrics import bootstrap
from packager.metrics.weighted import Floats, mean


def test_the_same_rows_give_the_same_interval_and_it_holds_the_difference() -> None:
    worth = np.random.default_rng(0).normal(0.1, 1, 400)

    def difference(weights: Floats) -> Floats:
        return mean(worth, weights)

    low, high = bootstrap.interval(difference, 400)
    assert (low, high) == bootstrap.interval(difference, 400)
    assert low < worth.mean() < high
    expected = 2 * 1.96 * worth.std() / 20  # of the mean of 400 rows
    assert abs((high - low) / expected - 1) < 0.1


def test_every_draw_has_as_many_rows_as_there_are() -> None:
    seen: list[Floats] = []

    def difference(weights: Floats) -> Floats:
        seen.append(weights)
        return weights.sum(axis=1)

    assert bootstrap.interval(difference, 30_000) == (30_000, 30_000)
    assert sum(len(piece) for piece in seen) == 200 and max(piece.size for piece in seen) <= 1_000_000


def test_draws_that_tell_nothing_leave_everything_open() -> None:
    low, high = bootstrap.interval(lambda weights: np.full(len(weights), np.nan), 10)
    assert (low, high) == (float("-inf"), float("inf"))
