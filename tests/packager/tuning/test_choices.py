"""Recommendations from known points."""

from dataclasses import replace

import pytest

from packager.measurement import Choice, MemoryPoint
from packager.tuning import choices, notes


def point(
    memory_mb: int, warm_ms: float, usd: float, cold_ms: float = 100.0, peak_mb: int = 40
) -> MemoryPoint:
    return MemoryPoint(
        memory_mb, "measured", False, cold_ms, warm_ms, warm_ms, peak_mb << 20, usd, 10 * usd
    )  # fmt: skip


CURVE = (
    point(128, 80.0, 0.40, 800), point(256, 40.0, 0.41, 400), point(512, 20.0, 0.42, 200),
    point(1024, 10.0, 0.50, 100), point(1769, 8.0, 0.80, 60), point(3008, 7.9, 1.40, 60),
)  # fmt: skip


def chosen(points: tuple[MemoryPoint, ...], target_ms: float | None = None) -> dict[str, int]:
    return {choice.kind: choice.memory_mb for choice in choices.choose(points, target_ms)}


def test_the_cheapest_without_a_target_is_the_least_price() -> None:
    assert chosen(CURVE)["cheapest"] == 128


@pytest.mark.parametrize(("target_ms", "memory_mb"), [(100, 128), (40, 256), (15, 1024), (8, 1769)])
def test_the_cheapest_of_those_that_meet_the_target(target_ms: float, memory_mb: int) -> None:
    assert chosen(CURVE, target_ms)["cheapest"] == memory_mb


def test_none_that_meets_the_target_is_no_cheapest_and_the_nearest_is_named() -> None:
    assert "cheapest" not in chosen(CURVE, 5)
    assert any("nearest is 3008 MB" in note for note in notes.advice(CURVE, 5))


def test_the_fastest_is_the_smallest_of_those_that_are_nearly_as_fast() -> None:
    assert chosen(CURVE)["fastest"] == 1769


def test_the_balance_is_the_least_product_of_time_and_cost() -> None:
    assert chosen(CURVE)["balanced"] == 1024


def test_equal_warm_times_are_told_apart_by_their_cold_starts() -> None:
    alike = (point(128, 1.0, 0.20, cold_ms=1500), point(1769, 1.0, 0.21, cold_ms=60))
    assert chosen(alike) == {"cheapest": 128, "fastest": 1769, "balanced": 1769}


def test_a_size_with_too_little_room_is_never_recommended() -> None:
    tight = tuple(replace(one, peak_memory_bytes=220 << 20) for one in CURVE)
    assert chosen(tight)["cheapest"] == 512
    assert any(note.startswith("not recommended: 128, 256 MB") for note in notes.advice(tight, None))


def test_a_size_at_which_it_was_killed_is_never_recommended() -> None:
    killed = replace(CURVE[0], out_of_memory=True, cold_ms=None, warm_p50_ms=None, warm_p95_ms=None)
    assert chosen((killed, *CURVE[1:]))["cheapest"] == 256


def test_nothing_is_recommended_where_none_answered() -> None:
    killed = replace(CURVE[0], out_of_memory=True, cold_ms=None, warm_p95_ms=None)
    assert choices.choose((killed,), None) == ()
    assert any("no size is recommended" in note for note in notes.advice((killed,), None))


def test_each_choice_says_why() -> None:
    for choice in choices.choose(CURVE, 50):
        assert isinstance(choice, Choice) and len(choice.why) > 20
