"""Figures in half sentences."""

from dataclasses import replace

from packager.optimization import words
from packager.optimized import Sizes
from tests.packager.optimization.candidates import BASE, candidate

INT8 = candidate(1, "static_int8", "within", 300, (0.62, 0.60, 0.64))


def test_a_larger_engine_is_said_whatever_was_looked_for() -> None:
    assert BASE.sizes is not None
    assert "ships" not in words.gain(INT8, BASE, "latency")
    shipped = 2 * BASE.sizes.shipped_bytes
    heavier = replace(INT8, sizes=Sizes(300, 300, shipped))
    for objective in ("latency", "size", "cost"):
        assert "2.00 × as it ships with its engine" in words.gain(heavier, BASE, objective)
