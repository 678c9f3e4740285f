"""Whether a figure meets its goal."""

import pytest

from benchmarks.goals import State, held_row, limit_row, missing_row, ratio_row, size_row
from packager.measurement import Ratio


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [(0.10, 0.13, "met"), (0.10, 0.14, "met"), (0.13, 0.15, "undecided"), (0.15, 0.16, "not met")],
)
def test_a_goal_is_met_where_the_whole_interval_is(low: float, high: float, state: State) -> None:
    ratio = Ratio("cold_ms", (low + high) / 2, low, high, "smaller")
    assert ratio_row("cold start", 0.14, "naive", ratio).state == state


def test_what_never_settled_meets_no_goal() -> None:
    assert (
        ratio_row("cold start", 0.14, "naive", Ratio("cold_ms", 0.1, 0.1, 0.1, "unstable")).state
        == "unstable"
    )


def test_a_size_is_held_to_its_goal() -> None:
    assert size_row("zip", 100_000, 100_000).state == "met"
    assert size_row("zip", 100_000, 100_001).state == "not met"


def test_a_figure_that_is_missing_is_not_met() -> None:
    assert missing_row("cold start", "≤ 0.2 × naive", "no control groups").state == "not measured"


@pytest.mark.parametrize(
    ("ratios", "state"),
    [([0.95, 0.97], "met"), ([0.94, 0.97], "undecided"), ([0.91, 0.94], "not met"), ([0.9, 1.3], "unstable")],
)
def test_every_round_has_to_meet_a_least_ratio(ratios: list[float], state: State) -> None:
    assert held_row("CPU", 0.95, ratios).state == state


def test_every_round_has_to_stay_within_a_limit() -> None:
    assert limit_row("memory", 260, "MB", [240.0, 260.0]).state == "met"
    assert limit_row("memory", 260, "MB", [255.0, 261.0]).state == "undecided"
    assert limit_row("memory", 260, "MB", [261.0, 262.0]).state == "not met"
