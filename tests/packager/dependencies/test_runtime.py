"""Tests of what of our own runtime ships: the rooms asked for, and of the engines the one that is used."""

import marshal
import sys
from pathlib import Path
from typing import Any

import pytest

from packager import dependencies
from packager.interpreters import Interpreter
from packager.model import Format, ModelFile, Signature

HERE = Interpreter(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))
ENGINES = "runtimes/core/engines/"
PACK = "runtimes/modules.pyc"


def model(format: Format, *modules: str) -> ModelFile:
    return ModelFile(Path(f"model.{format}"), format, Signature((), ()), "0" * 64, 1, modules=modules)


def names(rooms: tuple[str, ...], python: Interpreter | None, of: ModelFile) -> list[str]:
    return [file.dest for file in dependencies.runtime_files(rooms, python, of)]


def packed(of: ModelFile) -> dict[str, tuple[bool, str, bytes]]:
    """What the one file of byte-code holds."""
    (file,) = [file for file in dependencies.runtime_files(("core",), HERE, of) if file.dest == PACK]
    scope: dict[str, Any] = {}
    exec(marshal.loads(file.read()[16:]), scope)
    modules: dict[str, tuple[bool, str, bytes]] = scope["MODULES"]
    return modules


def test_byte_code_ships_in_one_file_and_what_finds_the_modules_in_it_beside() -> None:
    assert names(("core",), HERE, model("onnx")) == ["runtimes/__init__.pyc", PACK]
    found = packed(model("onnx"))
    assert found["runtimes.core"][:2] == (True, "core/__init__.py")
    assert found["runtimes.core.predictor"][:2] == (False, "core/predictor.py")
    assert not [name for name in found if name.startswith("runtimes.http")]


def test_pages_keep_their_docstrings_and_a_file_for_each_module() -> None:
    files = dependencies.runtime_files(("core", "http"), HERE, model("onnx"))
    (pages,) = [file for file in files if file.dest == "runtimes/http/app.pyc"]
    assert marshal.loads(pages.read()[16:]).co_consts[0].startswith("The")


def test_packed_code_has_neither_docstrings_nor_annotations() -> None:
    code = marshal.loads(packed(model("onnx"))["runtimes.core.errors"][2])
    (request_error,) = [part for part in code.co_consts if getattr(part, "co_name", "") == "RequestError"]
    assert "__doc__" not in request_error.co_names
    assert not [name for name in code.co_names if name == "TYPE_CHECKING"]


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
