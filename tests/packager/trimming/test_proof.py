"""Of several changes those are kept that can be made together; the others are undone, each with a reason."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from packager.trimming import prove


@given(st.sets(st.integers(0, 40), max_size=12))
def test_undoes_exactly_what_breaks_something(breaking: set[int]) -> None:
    def differs(tried: Sequence[int]) -> str | None:
        return next((f"{number} breaks it" for number in tried if number in breaking), None)

    kept, undone = prove(range(41), differs)
    assert kept == [number for number in range(41) if number not in breaking]
    assert undone == [(number, f"{number} breaks it") for number in sorted(breaking)]


def test_tries_all_at_once_when_nothing_breaks() -> None:
    tried: list[Sequence[int]] = []

    def differs(changes: Sequence[int]) -> str | None:
        tried.append(changes)
        return None

    assert prove([1, 2, 3], differs) == ([1, 2, 3], [])
    assert tried == [[1, 2, 3]]


def test_of_two_that_break_only_together_the_first_is_kept() -> None:
    kept, undone = prove([1, 2, 3], lambda tried: "both are missing" if {1, 3} <= set(tried) else None)
    assert kept == [1, 2]
    assert undone == [(3, "both are missing")]


def test_what_is_kept_was_tried_as_it_is() -> None:
    last: list[list[int]] = []

    def differs(tried: Sequence[int]) -> str | None:
        if 2 in tried or {1, 4} <= set(tried):
            return "broken"
        last.append(list(tried))
        return None

    kept, _ = prove([1, 2, 3, 4, 5], differs)
    assert kept in last


def test_nothing_to_try_is_nothing_kept() -> None:
    assert prove([], lambda _: "never asked") == ([], [])
