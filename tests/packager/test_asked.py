"""A pass as it is written on a command line."""

import pytest

from packager.asked import Optimize, written_pass
from packager.errors import ConfigError


def test_a_kind_alone_has_its_defaults() -> None:
    assert written_pass("float16") == {"kind": "float16"}


def test_options_follow_the_kind_and_are_read_as_what_they_are() -> None:
    (one,) = Optimize.model_validate({"passes": [written_pass("static-int8:per_channel=false")]}).passes
    assert one.model_dump()["per_channel"] is False


def test_an_option_of_several_values_is_written_several_times() -> None:
    (one,) = Optimize.model_validate(
        {"passes": [written_pass("static_int8:exclude=/a/Conv,exclude=/b/Conv")]}
    ).passes
    assert one.model_dump()["exclude"] == ("/a/Conv", "/b/Conv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("static_int9", "there is no pass 'static_int9'"),
        ("static_int8:per_channel", "'per_channel' is no option with a value"),
        ("static_int8:per_channel=true,per_channel=false", "'per_channel' is given twice"),
    ],
)
def test_refuses_what_is_no_pass(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        written_pass(text)


def test_a_training_function_is_for_the_passes_that_are_named_too() -> None:
    own = written_pass("prune-weights:train=mine:train")
    passes = [written_pass("prune_channels:share=0.5"), own, written_pass("static_int8")]
    asked = Optimize.model_validate({"train": "net:train", "passes": passes})
    assert [getattr(one, "train", None) for one in asked.passes] == ["net:train", "mine:train", None]
    assert Optimize.model_validate(asked.model_dump()) == asked


def test_refuses_a_training_function_for_passes_that_train_nothing() -> None:
    with pytest.raises(ConfigError, match="nothing to train for static_int8"):
        Optimize.model_validate({"train": "net:train", "passes": [written_pass("static_int8")]})
