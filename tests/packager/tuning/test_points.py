"""Points from what was seen: what is measured, and the rule for the rest."""

from dataclasses import replace

import pytest

from packager import prices
from packager.measurement import Machine
from packager.tuning import notes, points
from packager.tuning.measure import Seen

PRICES = prices.load(None, "us-east-1", "x86_64", 512)


def seen(memory_mb: int, cold: float, warm: float, cpu: float, peak_mb: int = 50) -> Seen:
    return Seen(
        memory_mb, [cold] * 3, [cold] * 3, [warm] * 4, [cpu] * 4, peak_memory_bytes=peak_mb << 20, threads=1
    )  # fmt: skip


def test_measured_sizes_are_said_to_be_and_priced_by_their_own_times() -> None:
    (point,) = points.under_limits({512: seen(512, 200, 30, 9)}, [512], PRICES)
    assert (point.origin, point.cold_ms, point.warm_p50_ms, point.warm_p95_ms) == ("measured", 200, 30, 30)
    assert point.usd_per_million == PRICES.usd_per_million(512, [30])
    assert point.usd_per_million_cold == PRICES.usd_per_million(512, [200])


def test_larger_sizes_are_as_fast_as_the_largest_measured_and_cost_their_own() -> None:
    found = {1769: seen(1769, 60, 10, 10), 3538: seen(3538, 59, 9.5, 9.5)}
    *_, last = points.under_limits(found, [1769, 3538, 10_240], PRICES)
    assert (last.origin, last.warm_p50_ms, last.cold_ms) == ("extrapolated", 9.5, 59)
    assert last.usd_per_million == PRICES.usd_per_million(10_240, [9.5])


def test_a_killed_function_has_no_times_and_no_price() -> None:
    (point,) = points.under_limits({128: Seen(128, out_of_memory=True)}, [128], PRICES)
    assert point.out_of_memory
    assert point.cold_ms is point.warm_p95_ms is point.usd_per_million is None


def test_what_was_killed_at_the_largest_measured_size_is_not_known_above_it() -> None:
    found = {3538: Seen(3538, out_of_memory=True)}
    *_, above = points.under_limits(found, [3538, 5308], PRICES)
    assert not above.out_of_memory and above.warm_p95_ms is None
    assert any("above 3538 MB are not known" in note for note in notes.under_limits(None, found, [5308]))


def test_sizes_of_several_threads_are_said_to_be_perhaps_faster() -> None:
    found = {3538: seen(3538, 60, 10, 19)}
    assert any("kept 1.9 processors busy" in note for note in notes.under_limits(None, found, [10_240]))


@pytest.mark.parametrize(("threads", "said"), [(1, "uses one thread"), (2, "may be faster with more")])
def test_only_of_one_thread_it_is_said_that_it_gets_no_faster(threads: int, said: str) -> None:
    found = {3538: replace(seen(3538, 59, 10, 10), threads=threads)}
    assert any(said in note for note in notes.under_limits(None, found, [10_240]))


@pytest.mark.parametrize(("load", "said"), [(0.5, 0), (2.0, 0), (7.4, 1)])
def test_a_machine_with_other_work_is_named(load: float, said: int) -> None:
    assert len(list(notes.busy(Machine("a processor", 2, "x86_64", "Linux", "3.13.0", load)))) == said


def test_without_limits_the_cpu_time_is_divided_by_the_share() -> None:
    half, whole, more, beyond = points.without_limits(
        seen(1769, 100, 12, 10), [884, 1769, 3538, 5308], 2, PRICES
    )
    assert half.origin == "extrapolated"
    assert half.warm_p50_ms == pytest.approx(12 + 10, rel=0.01)  # and 2 ms of waiting stay 2 ms
    assert half.cold_ms == pytest.approx(200, rel=0.01)
    assert (whole.origin, whole.warm_p50_ms) == ("unlimited", 12)
    assert (more.origin, more.warm_p50_ms) == ("unlimited", 12)
    assert (beyond.origin, beyond.warm_p50_ms) == ("extrapolated", 12)


def test_without_limits_several_threads_lose_their_second_processor() -> None:
    two_threads = seen(1769, 100, 10, 20)
    assert points.parallelism(two_threads) == 2
    (one,) = points.without_limits(two_threads, [1769], 2, PRICES)
    assert one.origin == "extrapolated"
    assert one.warm_p50_ms == pytest.approx(20)


def test_without_limits_less_than_the_peak_is_out_of_memory() -> None:
    small, large = points.without_limits(seen(1769, 100, 10, 10, peak_mb=300), [256, 512], 2, PRICES)
    assert small.out_of_memory and small.warm_p50_ms is None
    assert not large.out_of_memory
