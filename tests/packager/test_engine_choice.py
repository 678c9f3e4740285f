"""Which engines run which formats; the choice itself is tested by whole builds (tests/main_job)."""

import pytest

from packager import engine_choice
from packager.errors import ConfigError
from packager.model import Format
from packager.results import EngineName


@pytest.mark.parametrize(
    ("engine", "format"),
    [("onnxruntime", "onnx"), ("tiny", "onnx"), ("litert", "tflite"), (None, "onnx"), (None, "tflite")],
)
def test_takes_an_engine_that_runs_the_format(engine: EngineName | None, format: Format) -> None:
    engine_choice.check(engine, format)


@pytest.mark.parametrize(
    ("engine", "format", "hint"),
    [
        ("litert", "onnx", "add --format tflite"),
        ("onnxruntime", "tflite", "leave --engine out"),
        ("tiny", "tflite", "leave --engine out"),
    ],
)
def test_refuses_an_engine_of_another_format_and_says_what_to_do(
    engine: EngineName, format: Format, hint: str
) -> None:
    with pytest.raises(ConfigError, match=f"the engine {engine} does not run {format} models") as caught:
        engine_choice.check(engine, format)
    assert caught.value.hint is not None and hint in caught.value.hint
