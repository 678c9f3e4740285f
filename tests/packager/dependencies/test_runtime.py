"""Tests of what of our own runtime ships: the rooms asked for, and of the engines the one that is used."""

import sys
from pathlib import Path

import pytest

from packager import dependencies
from packager.interpreters import Interpreter
from packager.model import Format, ModelFile, Signature

HERE = Interpreter(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))
ENGINES = "runtimes/core/engines/"


def model(format: Format, *modules: str) -> ModelFile:
    return ModelFile(Path(f"model.{format}"), format, Signature((), ()), "0" * 64, 1, modules=modules)


def names(rooms: tuple[str, ...], python: Interpreter | None, of: ModelFile) -> list[str]:
    return [file.dest for file in dependencies.runtime_files(rooms, python, of)]


def test_the_rooms_that_are_asked_for_ship_as_byte_code() -> None:
    found = names(("core",), HERE, model("onnx"))
    assert {"runtimes/__init__.pyc", "runtimes/core/predictor.pyc"} <= set(found)
    assert not [name for name in found if name.startswith("runtimes/http") or name.endswith(".py")]


def test_sources_ship_where_no_interpreter_can_compile_them() -> None:
    found = names(("core", "http"), None, model("onnx"))
    assert "runtimes/http/app.py" in found
    assert not [name for name in found if name.endswith(".pyc")]


@pytest.mark.parametrize(
    ("format", "own", "others"),
    [
        ("onnx", "onnxruntime_c.py", ("litert_c.py", "_litert_", "tiny")),
        ("tflite", "litert_c.py", ("onnxruntime_c.py", "_ort_", "tiny")),
        ("tiny", "tiny.py", ("onnxruntime_c.py", "litert_c.py", "_ort_", "_litert_")),
    ],
)
def test_engines_that_the_model_does_not_use_stay_at_home(
    format: Format, own: str, others: tuple[str, ...]
) -> None:
    found = names(("core",), None, model(format))
    assert ENGINES + own in found
    assert not [name for name in found if name.removeprefix(ENGINES).startswith(others)]


def test_of_the_operators_those_ship_that_the_model_needs_and_what_they_import() -> None:
    found = names(("core",), None, model("tiny", "arithmetic"))
    ours = {Path(name).stem for name in found if "/tiny_ops/" in name}
    assert ours == {"__init__", "arithmetic", "broadcasting", "rounding"}
