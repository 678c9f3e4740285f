"""Figures of known times."""

import numpy as np
import pytest

from packager import figures


def test_a_distribution_is_that_of_the_times() -> None:
    found = figures.distribution([float(value) for value in range(1, 102)])
    assert (found.count, found.mean, found.minimum, found.maximum) == (101, 51.0, 1.0, 101.0)
    assert (found.p50, found.p90, found.p95, found.p99) == (51.0, 91.0, 96.0, 100.0)
    assert found.deviation == pytest.approx(29.3, abs=0.01)


def test_one_time_is_a_distribution_without_deviation() -> None:
    assert figures.distribution([3.0]).deviation == 0.0


def test_the_interval_of_a_median_holds_the_median_and_narrows_with_more_values() -> None:
    drawn = np.random.default_rng(1).normal(100.0, 10.0, 1000)
    few, many = figures.median_interval(drawn[:20].tolist()), figures.median_interval(drawn.tolist())
    assert few[0] < np.median(drawn[:20]) < few[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 3


def test_the_interval_holds_the_true_median_about_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(2).lognormal(0.0, 0.5, (200, 30))
    inside = sum(low <= 1.0 <= high for low, high in map(figures.median_interval, drawn.tolist()))
    assert 180 <= inside <= 199


def test_the_same_times_give_the_same_interval() -> None:
    times = [1.0, 2.0, 4.0, 8.0, 3.0]
    assert figures.median_interval(times) == figures.median_interval(times)


def test_equal_times_have_settled() -> None:
    assert figures.has_settled([50.0] * figures.LEAST_RUNS)


def test_few_times_never_have_settled() -> None:
    assert not figures.has_settled([50.0] * (figures.LEAST_RUNS - 1))


def test_times_that_scatter_have_not_settled() -> None:
    assert not figures.has_settled([40.0, 60.0] * 10)


def test_many_times_that_scatter_little_have_settled() -> None:
    drawn = np.random.default_rng(3).normal(50.0, 1.0, 60)
    assert figures.has_settled(drawn.tolist())


def test_warm_times_have_settled_when_the_last_three_windows_agree() -> None:
    assert figures.windows_settled([9.0, 1.0, 1.02, 1.04])
    assert not figures.windows_settled([1.0, 1.0, 1.0, 1.06])
    assert not figures.windows_settled([1.0, 1.0])


def test_a_ratio_of_pairs_is_the_median_of_their_ratios() -> None:
    others = [100.0, 200.0, 400.0, 100.0, 300.0]
    ratio = figures.paired_ratio("cold_ms", [value / 4 for value in others], others, stable=True)
    assert (ratio.ratio, ratio.low, ratio.high, ratio.verdict) == (0.25, 0.25, 0.25, "smaller")


def test_pairs_that_drift_together_have_a_narrow_ratio() -> None:
    drift = np.linspace(1.0, 3.0, 30)
    noise = np.random.default_rng(4).normal(1.0, 0.01, 30)
    ratio = figures.paired_ratio("cold_ms", (drift * noise * 2).tolist(), drift.tolist(), stable=True)
    assert 1.95 < ratio.low < ratio.ratio < ratio.high < 2.05
    assert ratio.verdict == "larger"


def test_an_interval_around_one_is_equal() -> None:
    ratio = figures.paired_ratio("cold_ms", [1.0, 1.1, 0.9, 1.05, 0.95], [1.0] * 5, stable=True)
    assert ratio.verdict == "equal"


def test_what_differs_by_less_than_is_known_is_equal() -> None:
    mine = [1.012, 1.016, 1.014, 1.015, 1.013]
    assert figures.paired_ratio("cold_ms", mine, [1.0] * 5, stable=True).verdict == "equal"
    assert figures.paired_ratio("cold_ms", mine, [1.0] * 5, stable=True, known_to=0.01).verdict == "larger"
    assert figures.paired_ratio("cold_ms", [1.0] * 5, mine, stable=True, known_to=0.01).verdict == "smaller"


def test_two_functions_that_are_the_same_nearly_never_differ() -> None:
    drawn = np.random.default_rng(6).lognormal(np.log(50.0), 0.03, (300, 2, 20))
    ratios = [figures.paired_ratio("cold_ms", mine, other, True) for mine, other in drawn.tolist()]
    assert sum(ratio.verdict != "equal" for ratio in ratios) <= 3


def test_what_never_settled_has_no_verdict() -> None:
    assert figures.paired_ratio("cold_ms", [1.0] * 5, [9.0] * 5, stable=False).verdict == "unstable"


def test_sizes_have_an_exact_ratio() -> None:
    ratio = figures.exact_ratio("archive_bytes", 50, 200)
    assert (ratio.ratio, ratio.low, ratio.high, ratio.verdict) == (0.25, 0.25, 0.25, "smaller")
    assert figures.exact_ratio("archive_bytes", 7, 7).verdict == "equal"


def test_a_histogram_counts_every_time_once() -> None:
    times = np.random.default_rng(5).lognormal(0.0, 1.0, 1000).tolist()
    bins = figures.histogram(times)
    edges = [edge for edge, _ in bins]
    assert sum(count for _, count in bins) == 1000
    assert edges == sorted(edges)
    assert edges[-1] == max(times)


def test_a_histogram_of_equal_times_is_whole() -> None:
    assert sum(count for _, count in figures.histogram([2.0] * 30)) == 30
