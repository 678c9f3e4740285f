"""Ranges are those of the rows; entropy and percentile leave out what lies far from all else."""

import numpy as np
import onnx
import pytest
from onnx import helper

from packager.converters.passes.onnx_ranges import measured, narrowed
from packager.converters.passes.onnx_rows import CalibrationRows
from tests.converters.passes import weight_models as nets

MODEL = onnx.shape_inference.infer_shapes(
    nets.graph(
        [helper.make_node("Relu", ["X"], ["r"]), helper.make_node("Log", ["r"], ["Y"])],
        {},
        {"X": ["batch", 1000]},
        {"Y": ["batch", 1000]},
    )
)


def rows(*, far: float) -> CalibrationRows:
    random = np.random.default_rng(0).standard_normal((20, 1000)).astype(np.float32)
    random[3, 5] = far
    return CalibrationRows(tuple({"X": random[at : at + 5]} for at in range(0, 20, 5)), 20)


def test_ranges_are_those_of_all_pieces() -> None:
    found = measured(MODEL, rows(far=50), {"X", "r"})
    assert found["X"].highest == 50 and found["X"].lowest == pytest.approx(-4, abs=0.6)
    assert found["r"].lowest == 0 and found["r"].highest == 50
    assert found["X"].spread == pytest.approx(50 / found["X"].deviation)


def test_infinite_results_are_known_as_such() -> None:
    found = measured(MODEL, rows(far=1), {"Y"})
    assert not found["Y"].is_finite and found["Y"].lowest == -np.inf


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_a_single_far_value_is_left_out(method: str) -> None:
    given = rows(far=100)
    ranges = measured(MODEL, given, {"X", "r", "Y"})
    found = narrowed(MODEL, given, ranges, method, 99.9)
    assert 2.5 < found["X"].highest < 20 and -7 < found["X"].lowest < -2.5
    assert found["r"].lowest == 0 and 2.5 < found["r"].highest < 20
    assert not found["Y"].is_finite


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_values_that_lie_together_keep_most_of_their_range(method: str) -> None:
    given = rows(far=1)
    ranges = measured(MODEL, given, {"X", "r"})
    found = narrowed(MODEL, given, ranges, method, 99.99)
    assert found["r"].highest > 0.6 * ranges["r"].highest
    assert found["r"].highest <= ranges["r"].highest
