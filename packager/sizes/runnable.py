"""Finds how a function that others made is run: its handler, its Python, its processor."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packager import interpreters, tools
from packager.errors import ArtifactError
from packager.interpreters import Interpreter
from packager.invoke import template
from packager.sizes.reading import Opened

HANDLERS = ("handler", "lambda_handler")
_TAG = re.compile(r"\.cpython-(\d)(\d+)(?:-|\.(?:opt-\d\.)?pyc$)")
_SITE = re.compile(r"/python(3\.\d+)/")
_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}


@dataclass(frozen=True, slots=True)
class Runnable:
    """``handler`` is `module.function`, or None where none was found; ``python`` runs it here, or None with
    ``because``, the reason."""

    handler: str | None
    version: str
    python: Interpreter | None
    because: str | None


def find(found: Opened, handler: str | None, runtime: str | None) -> Runnable:
    """What is asked for, else what a template beside it says, else what its files tell."""
    said = _template(found)
    chosen = handler or (said.handler if said else None) or _only_handler(found.code)
    if chosen is not None and "." not in chosen:
        raise ArtifactError(f"the handler {chosen!r} has no module", "write it as module.function")
    asked = runtime or (said.runtime if said else None) or ""
    version = (
        asked.removeprefix("python")
        or _version(item.path for item in found.items)
        or _of_layer(found.prefix)
        or interpreters.own().version.rpartition(".")[0]
    )
    foreign = _foreign_machine(found)
    if foreign is not None:
        because = f"it is for {foreign}, and this machine is {tools.host_arch()}"
        return Runnable(chosen, version, None, because)
    python = interpreters.find(version)
    missing = None if python else f"no Python {version} is on this machine"
    return Runnable(chosen, version, python, missing)


def machine_of(path: Path) -> str | None:
    """The processor that a shared library is for; None for other files."""
    with path.open("rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF" or len(head) < 20:
        return None
    return _MACHINES.get(int.from_bytes(head[18:20], "little"), "another processor")


def machine(found: Opened) -> str | None:
    """The processor that most of its libraries are for; None where it has none."""
    counted = Counter(
        name for item in found.items if ".so" in item.path and (name := machine_of(found.root / item.path))
    )
    return counted.most_common(1)[0][0] if counted else None


def _foreign_machine(found: Opened) -> str | None:
    name = machine(found)
    return name if name is not None and name != tools.host_arch() else None


def _template(found: Opened) -> template.Described | None:
    """In the artifact or the folder itself, beside it, or one above."""
    path = found.path.resolve()
    for folder in (found.artifact or path, *path.parents[:2]):
        for name in ("template.yaml", "template.yml"):
            if (folder / name).is_file():
                return template.describe(folder / name)
    return None


def _version(names: Iterable[str]) -> str | None:
    """The Python that most of its compiled files are for."""
    counted = Counter(f"{tag[1]}.{tag[2]}" for name in names if (tag := _TAG.search(name)))
    return counted.most_common(1)[0][0] if counted else None


def _of_layer(prefix: str) -> str | None:
    """The Python in whose site folder a layer has its packages."""
    named = _SITE.search(prefix)
    return named[1] if named else None


def _only_handler(code: Path) -> str | None:
    """The one module at the root that defines a handler by one of its usual names."""
    handlers = [
        f"{path.stem}.{name}"
        for path in sorted(code.glob("*.py"))
        for name in HANDLERS
        if name in _defined(path)
    ]
    return handlers[0] if len(handlers) == 1 else None


def _defined(path: Path) -> set[str]:
    """The names that a module defines at its top, without running it."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError, RecursionError):
        return set()
    names: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names
