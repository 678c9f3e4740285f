"""The int8 passes and the clean-up, as they are asked for."""

import pytest
from pydantic import ValidationError

from packager.passes import PASSES, find
from packager.passes.dynamic_int8 import DynamicInt8
from packager.passes.static_int8 import StaticInt8


def test_int8_is_safe_on_every_processor_unless_asked_otherwise() -> None:
    for one in (StaticInt8(), DynamicInt8()):
        assert (one.weights, one.reduce_range, one.per_channel) == ("int8", True, True)


def test_static_int8_alone_needs_rows_and_the_clean_up_alone_changes_no_answer() -> None:
    assert [
        kind for kind in ("cleanup", "dynamic_int8", "static_int8") if PASSES[kind].needs_calibration
    ] == ["static_int8"]
    assert PASSES["cleanup"].lossless and not PASSES["static_int8"].lossless


def test_a_title_says_what_is_not_usual() -> None:
    asked = StaticInt8(calibration="percentile", percentile=99.9, exclude=("conv_1", "conv_2"))
    assert asked.title() == "static int8, without 2 layers, calibration percentile, percentile 99.9"
    assert DynamicInt8().title() == "dynamic int8" and find("dynamic-int8") is DynamicInt8


def test_a_pair_of_types_that_no_engine_has_is_refused() -> None:
    with pytest.raises(ValidationError, match="int8 between layers needs weights of int8"):
        StaticInt8(activations="int8", weights="uint8")


@pytest.mark.parametrize("options", [{"percentile": 40}, {"operators": ["Softmax"]}, {"bits": 4}])
def test_what_no_pass_has_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StaticInt8.model_validate(options)
