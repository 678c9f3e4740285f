"""Byte-code depends on the source and the Python version alone, and runs without the source."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

from packager import interpreters
from packager.dependencies import byte_code
from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.layout import IncludedFile

VERSIONS = [version for version in ("3.11", "3.12", "3.13", "3.14") if interpreters.find(version)]
HERE = interpreters.find(f"{sys.version_info.major}.{sys.version_info.minor}")
SCRIPT = Path(byte_code.__file__).with_name("compiler_script.py")

# Compiles every file of a tree by the shipped script, in a process that has been made different: files in
# another order, names interned by other modules, and the byte-code of earlier files loaded and kept.
DIFFERENTLY = """
import asyncio, dataclasses, decimal, email, hashlib, http.client, inspect, json, logging, marshal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import compiler_script
tree, kept, digests = Path(sys.argv[2]), [], {}
for path in sorted(tree.rglob("*.py"), reverse=True):
    name = path.relative_to(tree).as_posix()
    content = compiler_script.byte_code(path.read_bytes(), f"/var/task/{name}", 0)
    kept.append(marshal.loads(content[16:]))
    digests[name + "c"] = hashlib.sha256(content).hexdigest()
print(json.dumps(digests))
"""


def found(version: str) -> Interpreter:
    interpreter = interpreters.find(version)
    assert interpreter is not None
    return interpreter


# Two files that use each other's constants as names: what marshal writes depends on which was seen first.
TRAPS = {
    "names.py": (
        "ä = sinister = dexter = 1\n"
        "class Outer:\n    class Inner:\n        def method(self): return lambda: self\n"
    ),
    "constants.py": (
        "x = 'ä', 'Outer.Inner', 'Outer.Inner.method.<locals>.<lambda>', 'sinister'\n"
        "def f(v): return v in {'sinister', 'dexter', 'p q'}\n"
        "def g(v): return v in {'sinister', 'dexter', 'p q'}\n"
        "class Outer:\n    class Inner:\n        def method(self): return lambda: 'Outer.Inner.method'\n"
    ),
}


@pytest.fixture(params=["a package", "traps"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Sources: those of pydantic, or a few that are hard to write twice alike."""
    if request.param == "a package":
        return Path(pydantic.__file__).parent
    (tmp_path / "traps").mkdir()
    for name, text in TRAPS.items():
        (tmp_path / "traps" / name).write_text(text)
    return tmp_path / "traps"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_bytes_do_not_depend_on_what_else_was_compiled(version: str, tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    byte_code.compile_tree(tree, dest, found(version))
    normal = {
        path.relative_to(dest).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in dest.rglob("*.pyc")
        if "__pycache__" not in path.parts
    }
    done = subprocess.run(
        [
            str(found(version).path), "-X", "no_debug_ranges", "-W", "ignore", "-c", DIFFERENTLY,
            str(SCRIPT.parent), str(tree),
        ],
        env={"PYTHONHASHSEED": "4711", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(normal) >= len(TRAPS)
    assert json.loads(done.stdout) == normal


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_without_the_source_and_says_where_it_stands_on_the_target(version: str, tmp_path: Path) -> None:
    (tmp_path / "source/demo").mkdir(parents=True)
    (tmp_path / "source/demo/__init__.py").write_text(
        '"""Kept."""\ndef fail():\n    assert False, "reached"\n'
    )
    byte_code.compile_tree(tmp_path / "source", tmp_path / "dest", found(version))
    assert [path.name for path in (tmp_path / "dest/demo").iterdir()] == ["__init__.pyc"]
    done = subprocess.run(
        [str(found(version).path), "-c", "import demo; print(demo.__doc__); demo.fail()"],
        cwd=tmp_path / "dest", capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "Kept.\n"
    assert "AssertionError: reached" in done.stderr
    assert 'File "/var/task/demo/__init__.py", line 3, in fail' in done.stderr


def test_is_never_compared_with_a_source() -> None:
    """A read-only folder cannot rewrite what is stale: the header says that the hash is not checked."""
    assert HERE is not None
    (file,) = byte_code.compile_files([IncludedFile("a.py", b"x = 1\n")], HERE)
    assert file.dest == "a.pyc"
    content = file.read()
    assert content[:4] == importlib.util.MAGIC_NUMBER
    assert content[4:8] == b"\1\0\0\0"
    assert content[8:16] == importlib.util.source_hash(b"x = 1\n")


def test_what_does_not_compile_and_what_is_no_source_ship_as_they_are() -> None:
    assert HERE is not None
    files = [
        IncludedFile("t.py", b"{% template %}"),
        IncludedFile("d/e.txt", b"text"),
        IncludedFile("n.py", b"\0"),
    ]
    compiled = byte_code.compile_files(files, HERE)
    assert {file.dest: file.read() for file in compiled} == {
        "d/e.txt": b"text", "n.py": b"\0", "t.py": b"{% template %}",
    }  # fmt: skip


def test_says_that_an_interpreter_does_not_work(tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\necho 'no standard library' >&2\nexit 1\n")
    path.chmod(0o755)
    broken = Interpreter(path, "3.13.0")
    with pytest.raises(DependencyError, match=r"Python 3\.13\.0 .* could not compile") as raised:
        byte_code.compile_files([IncludedFile("a.py", b"x = 1\n")], broken)
    assert raised.value.details == ("no standard library",)


@pytest.mark.parametrize("version", ["3.9", *VERSIONS])
def test_bare_byte_code_keeps_the_fields_of_a_named_tuple(version: str, tmp_path: Path) -> None:
    interpreter = interpreters.find(version)
    if interpreter is None:
        pytest.skip(f"this machine has no Python {version}")
    text = (
        "from __future__ import annotations\nfrom typing import NamedTuple\n"
        "class Point(NamedTuple):\n    x: int\n    y: int = 2\n"
        "    def sum(self, more: int) -> int:\n"
        "        total: int = self.x + self.y\n        return total + more\n"
        "class Plain:\n    kept: int = 3\n    gone: int\n"
    )
    (file,) = byte_code.compile_files([IncludedFile("point.py", text.encode())], interpreter, level=2)
    (tmp_path / "point.pyc").write_bytes(file.read())
    code = (
        "import point; print(point.Point(1).sum(4), point.Point._fields, point.Plain.kept, "
        "point.Point.sum.__annotations__)"
    )
    done = subprocess.run([interpreter.path, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "7 ('x', 'y') 3 {}\n", done.stderr
