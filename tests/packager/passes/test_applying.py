"""Passes in an order in which one undoes the other are refused before anything is done."""

from dataclasses import replace
from pathlib import Path

import pytest

from packager.conversion import Conversion, Way
from packager.errors import ConfigError
from packager.model import ModelFile
from packager.passes import Oldest, Pass, apply, find
from tests.packager.test_serving import converted

OLDEST = Oldest(18, 3, 8)


def refused(whole: Conversion, passes: list[Pass], job: Path) -> str:
    with pytest.raises(ConfigError) as told:
        apply(whole, passes, None, OLDEST, job, Way())
    assert not job.exists()
    return told.value.message


def test_what_makes_floats_of_weights_again_comes_before_what_stores_them_in_fewer_bits(
    tmp_path: Path,
) -> None:
    whole = converted(tmp_path, 100)
    kinds = ["weight_only", "static_int8"]
    words = refused(whole, [find(kind).model_validate({}) for kind in kinds], tmp_path / "job")
    assert words == "the pass static_int8 would undo that weights are stored in fewer bits"


def test_the_same_holds_when_they_were_stored_so_by_an_earlier_step(tmp_path: Path) -> None:
    whole = converted(tmp_path, 100)
    packed: ModelFile = replace(whole.model, opened_bytes=40_000)
    words = refused(replace(whole, model=packed), [find("cleanup").model_validate({})], tmp_path / "job")
    assert words == "the pass cleanup would undo that weights are stored in fewer bits"


def test_a_pass_over_files_of_another_format_says_how_the_model_is_to_be_built(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        apply(
            converted(tmp_path, 100), [find("tflite_int4").model_validate({})], None, OLDEST, tmp_path, Way()
        )
    assert told.value.message == "the pass tflite_int4 does not work on onnx files"
    assert told.value.hint is not None
    assert told.value.hint.startswith("build the model as tflite: --format")
