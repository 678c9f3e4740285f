"""A replay asks a function everything; what it answers otherwise is said in a few words."""

import sys
from pathlib import Path

import pytest

from packager import preflight
from packager.errors import PreflightError, VerificationError
from packager.trimming import replay

HANDLER = """
import json
predictor = None

def handler(event, context):
    if event.get("raise"):
        raise KeyError("no such row")
    return {"said": event, "id": context.aws_request_id, "page": open("page.txt").read()}
"""


def function(folder: Path, handler: str = HANDLER, page: str = "hello") -> Path:
    (folder / "runtimes/aws_lambda").mkdir(parents=True)
    (folder / "runtimes/aws_lambda/handler.py").write_text(handler)
    (folder / "page.txt").write_text(page)
    return folder


def ask(root: Path) -> dict[str, object]:
    events = {"one": {"x": 1}, "other": {"raise": True}}
    return replay.replay(root, replay.Requests(events, None), Path(sys.executable))


def test_answers_are_named_by_what_was_asked_and_what_raises_is_an_answer(tmp_path: Path) -> None:
    answers = ask(function(tmp_path / "function"))
    assert answers["event one"] == {"said": {"x": 1}, "id": "replay", "page": "hello"}
    assert answers["event other"] == {"raised": "KeyError: 'no such row'"}
    assert "GET /nowhere" in answers


def test_the_same_function_answers_the_same(tmp_path: Path) -> None:
    first = ask(function(tmp_path / "one"))
    assert replay.difference(first, ask(function(tmp_path / "other"))) is None


def test_a_file_that_is_read_and_missing_is_a_difference(tmp_path: Path) -> None:
    whole, trimmed = function(tmp_path / "whole"), function(tmp_path / "trimmed")
    before = ask(whole)
    (trimmed / "page.txt").unlink()
    said = replay.difference(before, ask(trimmed))
    assert said is not None and "page.txt" in said


def test_one_letter_is_a_difference(tmp_path: Path) -> None:
    before = ask(function(tmp_path / "one"))
    said = replay.difference(before, ask(function(tmp_path / "other", page="Hello")))
    assert said is not None and "Hello" in said and "hello" in said


def test_a_function_that_does_not_start_is_an_error_with_its_reason(tmp_path: Path) -> None:
    root = function(tmp_path / "function", "import fastapi_of_nobody\n")
    with pytest.raises(VerificationError, match="fastapi_of_nobody"):
        ask(root)


def test_packages_of_the_interpreter_are_not_there(tmp_path: Path) -> None:
    root = function(tmp_path / "function", "import numpy\n")
    with pytest.raises(VerificationError, match="numpy"):
        ask(root)


def test_the_function_cannot_write_into_its_folder(tmp_path: Path) -> None:
    written = "def handler(event, context):\n    open('left.txt', 'w').write('x')\n"
    root = function(tmp_path / "function", f"predictor = None\n{written}")
    if preflight.ReadOnly().method(root) == "read-only mount":
        assert "left.txt" in str(ask(root)["event one"])
        assert not (root / "left.txt").exists()
    else:  # then the folder is compared before and after
        with pytest.raises(PreflightError, match=r"left\.txt"):
            ask(root)
