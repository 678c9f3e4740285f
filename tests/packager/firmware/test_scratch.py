"""Buffers share memory only where no two of them are in use at once."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from packager.firmware.scratch import laid, sizes
from packager.firmware.tensor import Buffer

_BUFFERS = st.lists(
    st.tuples(st.sampled_from(["float", "double"]), st.integers(1, 9), st.integers(0, 9), st.integers(0, 4)),
    max_size=12,
)


@given(_BUFFERS)
def test_no_two_buffers_in_use_lie_in_one_place(drawn: list[tuple[str, int, int, int]]) -> None:
    buffers = [Buffer("v", kind, size, first=at, last=at + more) for kind, size, at, more in drawn]
    places = laid(buffers)
    for one, other in combinations(buffers, 2):
        at_once = one.first <= other.last and other.first <= one.last and one.c_type == other.c_type
        apart = places[one] + one.size <= places[other] or places[other] + other.size <= places[one]
        assert not at_once or apart
    assert all(sizes(places)[one.c_type] >= places[one] + one.size for one in buffers)


def test_memory_is_used_again() -> None:
    first, second = Buffer("a", "float", 8, first=0, last=1), Buffer("b", "float", 8, first=2, last=3)
    assert sizes(laid([first, second])) == {"float": 8}


def test_what_is_read_for_the_last_time_may_be_written_over() -> None:
    first = Buffer("a", "float", 8, first=0, last=1)
    second = Buffer("b", "float", 8, first=1, last=2, over=(first,))
    assert sizes(laid([first, second])) == {"float": 8}
    first.last = 2
    assert sizes(laid([first, second])) == {"float": 16}
