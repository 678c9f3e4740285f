"""The choice: what is best, what is beaten by nothing, and the sentence that says why."""

from dataclasses import replace

from packager.optimization import choice
from tests.packager.optimization.candidates import BASE, candidate

INT8 = candidate(1, "static_int8", "within", 300, (0.62, 0.60, 0.64), 0.001)
HALF = candidate(2, "float16", "no_gain", 500, (1.0, 0.99, 1.01))
SLOW = candidate(3, "dynamic_int8", "no_gain", 280, (1.31, 1.22, 1.42))
RUINED = replace(
    candidate(4, "static_int8", "over_budget", 290, None, 0.023), why="lost 2.3 points, 0.5 are allowed"
)


def test_the_fastest_within_the_budget_is_best_for_latency() -> None:
    slower = candidate(5, "prune_channels", "within", 100, (0.8, 0.78, 0.82))
    assert choice.best((BASE, slower, INT8, SLOW), "latency") is INT8
    assert choice.best((BASE, slower, INT8, SLOW), "size") is slower


def test_of_two_that_are_as_large_the_one_that_loses_less_is_best() -> None:
    whole = candidate(5, "weight_only", "within", 11_000_900, None, 0.0)
    pruned = candidate(6, "prune_magnitude", "within", 11_000_000, None, 0.004)
    smaller = candidate(7, "static_int8", "within", 10_900_000, None, 0.004)
    assert choice.best((BASE, whole, pruned), "size") is whole
    assert choice.best((BASE, whole, pruned, smaller), "size") is smaller


def test_of_two_that_are_as_fast_the_one_that_loses_less_is_best() -> None:
    as_fast = candidate(5, "float16", "within", 500, (0.64, 0.62, 0.66), 0.0)
    assert choice.best((BASE, INT8, as_fast), "latency") is as_fast


def test_of_two_that_are_as_good_the_smaller_is_best() -> None:
    better = candidate(5, "weight_only", "within", 11_000_900, None, -0.002)
    smaller = candidate(6, "float16", "within", 11_000_000, None, 0.0)
    assert choice.best((BASE, better, smaller), "size") is smaller


def test_nothing_is_best_where_nothing_gains() -> None:
    assert choice.best((BASE, HALF, SLOW, RUINED), "latency") is None


def test_a_gain_in_time_is_more_than_times_are_known_to() -> None:
    hardly = candidate(5, "static_int8", "within", 300, (0.95, 0.93, 0.97))
    assert not choice.gains(hardly, BASE, "latency")
    assert choice.gains(INT8, BASE, "latency")
    assert not choice.gains(HALF, BASE, "latency")


def test_a_bill_that_is_the_same_is_decided_by_the_size() -> None:
    assert choice.gains(HALF, BASE, "cost")
    assert not choice.gains(replace(BASE, id="5"), BASE, "cost")
    assert not choice.gains(replace(HALF, usd_per_million=1.5), BASE, "cost")


def test_the_front_holds_what_nothing_beats_in_size_time_and_accuracy_at_once() -> None:
    beaten = candidate(5, "weight_only", "no_gain", 600, (1.1, 1.0, 1.2), 0.002)
    assert choice.front((BASE, INT8, HALF, SLOW, RUINED, beaten)) == ("1", "2", "3")


def test_the_sentence_says_what_is_gained_and_lost() -> None:
    said = choice.sentence(INT8, (BASE, INT8, SLOW), "latency", "0.5")
    assert said.startswith("take static int8: 0.30 × the bytes, 0.62 × the time (95 %: 0.60–0.64), ")
    assert said.endswith("lost 0.1 points of 0.5 allowed")


def test_the_sentence_says_that_int8_was_slower_here() -> None:
    assert choice.sentence(BASE, (BASE, HALF, SLOW, RUINED), "latency", "0.5") == (
        "stay with float32: dynamic int8 was 1.3 × slower here (95 %: 1.2–1.4)"
    )


def test_the_sentence_says_that_too_much_was_lost() -> None:
    assert choice.sentence(BASE, (BASE, HALF, RUINED), "latency", "0.5") == (
        "stay with float32: static int8 lost 2.3 points, 0.5 are allowed"
    )


def test_the_sentence_says_that_it_was_slower_as_well() -> None:
    slow = replace(RUINED, latency=SLOW.latency)
    assert choice.sentence(BASE, (BASE, slow), "latency", "0.5") == (
        "stay with float32: static int8 lost 2.3 points, 0.5 are allowed, and was 1.3 × slower here "
        "(95 %: 1.2–1.4)"
    )


def test_the_sentence_says_that_it_was_larger() -> None:
    larger = candidate(1, "static_int8", "no_gain", 1100, (0.9, 0.8, 1.0))
    assert choice.sentence(BASE, (BASE, larger), "size", "0.5") == (
        "stay with float32: static int8 was 1.1 × larger"
    )


def test_trees_stay_as_they_are_and_not_with_a_number_format() -> None:
    idle = candidate(1, "truncate_trees", "over_budget", 500, None, 0.02)
    said = choice.sentence(BASE, (BASE, replace(idle, why="lost 2 points, 0.5 are allowed")), "size", "0.5")
    assert said == "stay with the model as it is: truncate trees lost 2 points, 0.5 are allowed"


def test_a_few_bytes_beside_an_engine_are_no_gain() -> None:
    base = candidate(0, "", "base", 11_000_000)
    hardly = candidate(1, "cleanup", "within", 10_995_000)
    assert not choice.gains(hardly, base, "size")
    assert choice.gains(candidate(2, "weight_only", "within", 10_900_000), base, "size")
