"""Our own shipped code for one model: its rooms, and of the engines the one that it uses."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

from packager import resources
from packager.dependencies import byte_code
from packager.dependencies.engine import kind_for
from packager.interpreters import Interpreter
from packager.layout import IncludedFile
from packager.model import ModelFile

_ENGINES = "runtimes/core/engines/"
_ROOT, _PACK, _PAGES = "runtimes/__init__.py", "runtimes/modules.py", "runtimes/http/"
_PACKAGE = "/__init__.py"
_HEADER = 16
"""Bytes before the code in a `.pyc`."""
_PARSING = Lock()
"""Python 3.11 may fail where two threads parse at once."""
_OPERATORS = "runtimes.core.engines.tiny_ops."


def runtime_files(
    rooms: tuple[str, ...], interpreter: Interpreter | None, model: ModelFile
) -> tuple[IncludedFile, ...]:
    """`runtimes/` with these rooms of it, as byte-code where possible.

    Of the engines only what the model's own imports ships, in a function or at the module's head.
    """
    sources = _sources(rooms, model)
    if interpreter is None:
        return tuple(sources)
    pages = [file for file in sources if file.dest.startswith(_PAGES)]
    others = [file for file in sources if file not in pages]
    # What FastAPI says of a route in its documentation is the docstring of a function.
    return (*_packed(others, interpreter), *byte_code.compile_files(pages, interpreter))


def device_files(interpreter: Interpreter | None) -> tuple[IncludedFile, ...]:
    """What a device imports: `edge/` and the core with all engines: one process may open several bundles.

    Sources, whatever Python the device has, and byte-code beside them for the interpreter's version, without
    docstrings: they take a megabyte of memory.
    """
    found = (*resources.sources("edge"), *resources.sources("runtimes", "core"))
    return _beside([IncludedFile(dest, path.read_bytes()) for dest, path in found], interpreter, level=2)


def job_files(
    rooms: tuple[str, ...], interpreter: Interpreter | None, model: ModelFile
) -> tuple[IncludedFile, ...]:
    """`runtimes/` with these rooms of it and the model's engine: sources, which any Python runs that the job
    is given, and byte-code beside them for the interpreter's version."""
    sources = [IncludedFile(file.dest, file.read()) for file in _sources(rooms, model)]
    return _beside(sources, interpreter, level=0)


def _sources(rooms: tuple[str, ...], model: ModelFile) -> list[IncludedFile]:
    found = dict(resources.sources("runtimes", *rooms))
    engine = f"runtimes.core.engines.{kind_for(model.format)}"
    kept = _reached(found, (engine, *(f"{_OPERATORS}{module}" for module in model.modules)))
    return [IncludedFile(dest, path) for dest, path in found.items() if dest in kept]


def _beside(
    sources: list[IncludedFile], interpreter: Interpreter | None, level: byte_code.Level
) -> tuple[IncludedFile, ...]:
    if interpreter is None:
        return tuple(sources)
    tag = "".join(interpreter.version.split(".")[:2])
    compiled = byte_code.compile_files(sources, interpreter, level)
    return (*sources, *(IncludedFile(_cached(file.dest, tag), file.read()) for file in compiled))


def _cached(dest: str, tag: str) -> str:
    folder, _, name = dest.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.pyc')}.cpython-{tag}.pyc"


def _packed(sources: list[IncludedFile], interpreter: Interpreter) -> tuple[IncludedFile, ...]:
    """Modules as one file beside the package that finds them in it (`runtimes/__init__.py`)."""
    compiled = byte_code.compile_files(sources, interpreter, level=2)
    places = [(file.dest.removesuffix("c"), file.read()[_HEADER:]) for file in compiled]
    entries = [
        f"{_name(dest)!r}: ({dest.endswith(_PACKAGE)}, {dest.partition('/')[2]!r}, {code!r}),\n"
        for dest, code in sorted(places)
        if dest != _ROOT
    ]
    text = f"MODULES = {{\n{''.join(entries)}}}\n".encode()
    (root,) = (file for file in compiled if file.dest == f"{_ROOT}c")
    return (root, *byte_code.compile_files([IncludedFile(_PACK, text)], interpreter))


def _name(dest: str) -> str:
    return dest.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _reached(found: Mapping[str, Path], names: tuple[str, ...]) -> set[str]:
    """All that is no part of an engine, the modules of these names, and what any of them imports."""
    kept = {dest for dest in found if not dest.startswith(_ENGINES)}
    waiting = [*kept, *(dest for name in names for dest in _files(name, found))]
    seen: set[str] = set()
    while waiting:
        dest = waiting.pop()
        if dest in seen:
            continue
        seen.add(dest)
        with _PARSING:
            tree = ast.parse(found[dest].read_bytes())
        for name in _imports(tree):
            waiting += _files(name, found)
    return seen


def _files(name: str, found: Mapping[str, Path]) -> Iterator[str]:
    """The file of a module and those of the packages that it lies in; nothing for what is not ours."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        stem = "/".join(parts[:end])
        yield from (dest for dest in (f"{stem}.py", f"{stem}/__init__.py") if dest in found)


def _imports(tree: ast.AST) -> Iterator[str]:
    """What is imported when the code runs: not what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from _imports(node)
