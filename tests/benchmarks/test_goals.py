"""Whether a figure meets its goal."""

import pytest

from benchmarks.goals import State, missing_row, ratio_row, size_row
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
