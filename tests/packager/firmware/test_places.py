"""A rule for places gives every place."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from packager.firmware.places import expression


def _by_rule(rule: str, count: int) -> list[int]:
    rule = re.sub(r"(\d)u", r"\1", rule.replace(" / ", " // "))
    return [eval(rule, {"i": at}) for at in range(count)]


@given(st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_views_of_a_value_have_rules_that_hold(data: st.DataObject, shape: list[int]) -> None:
    places = np.arange(np.prod(shape)).reshape(shape)
    places = np.transpose(places, data.draw(st.permutations(range(len(shape)))))
    if data.draw(st.booleans()):
        places = np.flip(places, data.draw(st.integers(0, len(shape) - 1)))
    if data.draw(st.booleans()):
        places = np.broadcast_to(places, (data.draw(st.integers(1, 3)), *places.shape))
    flat = places.reshape(-1)
    rule = expression(flat, "i")
    if rule is not None:
        assert _by_rule(rule, flat.size) == flat.tolist()


def test_the_usual_views_need_no_table() -> None:
    grid = np.arange(12).reshape(3, 4)
    assert expression(grid.reshape(-1), "i") == "i"
    assert expression(grid[:, 1], "i") == "1 + i * 4"
    assert expression(np.broadcast_to(np.arange(4), (3, 4)).reshape(-1), "i") == "i % 4"
    assert expression(np.repeat(np.arange(3), 4), "i") == "i / 4"
    assert expression(np.array([3, 0, 7]), "i") is None
