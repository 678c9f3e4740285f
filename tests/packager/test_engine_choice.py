"""Which engines run which formats; the choice itself is tested by whole builds (tests/main_job)."""

import numpy as np
import pytest

from packager import engine_choice
from packager.errors import ConfigError
from packager.model import EngineName, Format
from packager.probe import Case


@pytest.mark.parametrize(
    ("engine", "format"),
    [("onnxruntime", "onnx"), ("tiny", "onnx"), ("litert", "tflite"), (None, "onnx"), (None, "tflite")],
)
def test_takes_an_engine_that_runs_the_format(engine: EngineName | None, format: Format) -> None:
    assert engine_choice.asked(engine, "auto", format) == engine


def test_a_release_of_onnx_runtime_is_a_choice_of_the_engine() -> None:
    assert engine_choice.asked(None, "1.31.1", "onnx") == "onnxruntime"
    assert engine_choice.asked("onnxruntime", "1.31.1", "onnx") == "onnxruntime"


@pytest.mark.parametrize(
    ("engine", "format", "said"),
    [
        ("tiny", "onnx", "and the engine is tiny"),
        ("litert", "tflite", "and the engine is litert"),
        (None, "tflite", "does not run tflite models"),
    ],
)
def test_refuses_a_release_of_onnx_runtime_where_another_engine_would_run(
    engine: EngineName | None, format: Format, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        engine_choice.asked(engine, "1.31.1", format)


@pytest.mark.parametrize(
    ("engine", "format", "hint"),
    [
        ("litert", "onnx", "add --format tflite"),
        ("onnxruntime", "tflite", "leave the engine out"),
        ("tiny", "tflite", "leave the engine out"),
    ],
)
def test_refuses_an_engine_of_another_format_and_says_what_to_do(
    engine: EngineName, format: Format, hint: str
) -> None:
    with pytest.raises(ConfigError, match=f"the engine {engine} does not run {format} models") as caught:
        engine_choice.asked(engine, "auto", format)
    assert caught.value.hint is not None and hint in caught.value.hint


def test_a_prediction_takes_what_the_first_row_does_or_the_mean_of_all_where_that_is_more() -> None:
    rows = Case({"text": np.array([["", "long"]] * 5, dtype=object), "one": np.array(3.0)}, {})
    assert engine_choice.prediction_ms([0.1, 0.2, 9.0], [99.0, 10.0, 12.0], rows) == 2.0
    assert engine_choice.prediction_ms([0.1, 0.2, 9.0], [0.5, 99.0], rows) == 0.2
