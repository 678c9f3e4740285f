"""How a function is run is found in what lies beside it and in it; nothing is guessed."""

from pathlib import Path

import pytest

from packager import interpreters, tools
from packager.errors import ArtifactError
from packager.sizes import runnable
from packager.sizes.reading import opened
from packager.sizes.runnable import Runnable
from tests.packager.sizes import functions

OWN = interpreters.own().version.rpartition(".")[0]
TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {Handler: src.main.run, Runtime: python3.9, CodeUri: !Ref Somewhere}
"""


def find(folder: Path, handler: str | None = None, python: str | None = None) -> Runnable:
    with opened(folder) as found:
        return runnable.find(found, handler, python)


def test_the_one_module_with_a_handler_is_found(tmp_path: Path) -> None:
    found = find(functions.make(tmp_path / "function"))
    assert (found.handler, found.version) == ("app.handler", OWN)
    assert found.python is not None


def test_a_handler_may_be_an_object(tmp_path: Path) -> None:
    found = find(functions.make(tmp_path / "f", {"main.py": "x = 1\nlambda_handler: object = make(x)\n"}))
    assert found.handler == "main.lambda_handler"


def test_of_two_handlers_none_is_chosen(tmp_path: Path) -> None:
    text = "def handler(event, context): ...\n"
    assert find(functions.make(tmp_path / "f", {"one.py": text, "two.py": text})).handler is None


def test_what_is_asked_for_counts_before_what_is_found(tmp_path: Path) -> None:
    assert find(functions.make(tmp_path / "f"), "used.add").handler == "used.add"
    with pytest.raises(ArtifactError, match="has no module"):
        find(tmp_path / "f", "handler")


def test_a_template_beside_it_says_handler_and_python(tmp_path: Path) -> None:
    folder = functions.make(tmp_path / "function")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    found = find(folder)
    assert (found.handler, found.version) == ("src.main.run", "3.9")
    assert find(folder, "app.handler", OWN) == Runnable(
        "app.handler", OWN, find(folder, None, OWN).python, None
    )


def test_the_python_is_what_the_files_are_compiled_for(tmp_path: Path) -> None:
    names = {f"a/__pycache__/{name}.cpython-312.pyc": "" for name in "abc"}
    assert find(functions.make(tmp_path / "f", names)).version == "3.12"


def test_the_python_of_a_layer_is_that_of_its_site_folder(tmp_path: Path) -> None:
    site = tmp_path / "layer" / "python" / "lib" / "python3.9" / "site-packages"
    site.mkdir(parents=True)
    (site / "a.py").touch()
    assert find(tmp_path / "layer").version == "3.9"


def test_a_python_that_is_not_here_is_said(tmp_path: Path) -> None:
    found = find(functions.make(tmp_path / "f"), None, "3.3")
    assert found.python is None
    assert found.because == "no Python 3.3 is on this machine"


def test_libraries_for_another_processor_cannot_run_here(tmp_path: Path) -> None:
    folder = functions.make(tmp_path / "f")
    other = 0xB7 if tools.host_arch() == "x86_64" else 0x3E
    (folder / "used/fast.so").write_bytes(b"\x7fELF" + bytes(14) + other.to_bytes(2, "little"))
    found = find(folder)
    assert found.python is None
    assert found.because is not None and "and this machine is" in found.because
