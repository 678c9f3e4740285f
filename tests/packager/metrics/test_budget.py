"""How much may be lost, as users write it."""

from typing import Any

import numpy as np
import pytest

from packager.errors import ConfigError
from packager.metrics import Budget, Yardstick
from packager.metrics.choosing import choose
from packager.model import Signature, TensorSpec
from packager.optimized import Drop

NUMBERS = Signature(
    (TensorSpec("X", "float32", ("batch", 2)),),
    (TensorSpec("y", "float32", ("batch",), "prediction"),),
)
VALUES: Any = np.arange(100.0)


def _yard(asked: str, labels: Any = None) -> Yardstick:
    return Yardstick(choose(NUMBERS, labels, asked), NUMBERS, [{"y": VALUES}], labels)


@pytest.mark.parametrize(
    ("text", "allowed"), [("0.5%", 0.005), ("0.5 %", 0.005), ("0.5 points", 0.005), (".005", 0.005), ("0", 0)]
)
def test_of_a_metric_up_to_one_a_percent_is_a_point(text: str, allowed: float) -> None:
    assert Budget.parse(text).allowed(_yard("r2")) == pytest.approx(allowed)


def test_of_an_error_a_percent_is_of_the_sources_own() -> None:
    yard = _yard("rmse", VALUES + 2)
    assert Budget.parse("10%").allowed(yard) == pytest.approx(0.2)
    assert Budget.parse("3").allowed(yard) == 3


def test_of_a_source_without_error_a_percent_is_of_the_spread() -> None:
    assert Budget.parse("1%").allowed(_yard("rmse")) == pytest.approx(VALUES.std() / 100)


def test_what_is_just_allowed_holds_and_no_number_never_does() -> None:
    yard, budget = _yard("r2"), Budget.parse("0.5%")
    assert budget.holds(Drop(0.005, 0, 0.01), yard) and budget.holds(Drop(-1, -1, -1), yard)
    assert not budget.holds(Drop(0.0051, 0, 0.01), yard)
    assert not budget.holds(Drop(float("nan"), 0, 0), yard)


@pytest.mark.parametrize("text", ["", "-1%", "half", "0.5%%", "nan", "inf", "1e999"])
def test_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(ConfigError, match="is no amount"):
        Budget.parse(text)


def test_asks_whether_half_of_everything_was_meant() -> None:
    with pytest.raises(ConfigError, match="is 50% of the whole r2") as caught:
        Budget.parse("0.5").allowed(_yard("r2"))
    assert caught.value.hint == "for that write 50%, for points 0.5%"
