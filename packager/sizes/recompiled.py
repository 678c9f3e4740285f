"""Byte-code in place of sources: smaller, and never stale, since it is of the unchecked kind."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packager.dependencies import byte_code
from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.sizes.candidates import Added, Candidate
from packager.sizes.reading import deflated

WHAT = "sources and checked byte-code, by unchecked byte-code alone"


def recompiled(code: Path, names: list[str], python: Interpreter) -> Candidate | None:
    """Every source that compiles goes, with its `__pycache__`; `module.pyc` comes in its place."""
    sources = [name for name in names if name.endswith(".py")]
    with tempfile.TemporaryDirectory(prefix="packager-compile-") as scratch:
        before, after = Path(scratch, "before"), Path(scratch, "after")
        for name in sources:
            (before / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(code / name, before / name)
        after.mkdir()
        if not sources:
            return None
        try:
            byte_code.compile_tree(before, after, python)
        except DependencyError:
            return None
        made = {name: after / f"{name}c" for name in sources if (after / f"{name}c").is_file()}
        with ThreadPoolExecutor() as pool:  # zlib works without Python's lock
            added = tuple(pool.map(lambda name: _added(name, made[name]), sorted(made)))
    cached = {name for name in names if "__pycache__/" in name and name.endswith(".pyc")}
    return Candidate(WHAT, frozenset({*made, *cached}), added, strong=True)


def _added(source: str, compiled: Path) -> Added:
    content = compiled.read_bytes()
    return Added(source, f"{source}c", content, deflated(content))
