"""Turns Python sources into byte-code of the target's version: `module.pyc` in place of `module.py`."""

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.layout import IncludedFile, files_in

Level = Literal[0, 2]
_SCRIPT = Path(__file__).with_name("compiler_script.py")
# Not -I, which would drop the fixed hash seed; nothing else of the environment gets through. Without debug
# ranges a traceback names the line, not the column: byte-code is a fifth smaller.
_OPTIONS = ("-s", "-S", "-B", "-X", "no_debug_ranges", "-W", "ignore")
ROOT_ON_TARGET = "/var/task"
"""Where the files stand on the target: what tracebacks say."""


def version() -> str:
    """Part of cache keys: another compiler script, or other options of Python, may give other bytes."""
    return hashlib.sha256(_SCRIPT.read_bytes() + repr(_OPTIONS).encode()).hexdigest()[:8]


def compile_tree(source: Path, dest: Path, interpreter: Interpreter, level: Level = 0) -> None:
    """Copy the tree ``source`` to ``dest`` with byte-code in place of each source that compiles.

    The bytes depend on the sources, the interpreter's version and ``level`` (2: no docstrings) alone.
    """
    command = [str(interpreter.path), *_OPTIONS, str(_SCRIPT), str(source), str(dest)]
    done = subprocess.run(
        [*command, ROOT_ON_TARGET, str(level)],
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise DependencyError(
            f"Python {interpreter.version} ({interpreter.path}) could not compile what ships",
            details=tuple(done.stderr.splitlines()[-4:]),
        )


def compile_files(
    sources: Sequence[IncludedFile], interpreter: Interpreter, level: Level = 0
) -> tuple[IncludedFile, ...]:
    """The same files with byte-code in place of sources, held in memory: our own runtime is small."""
    with tempfile.TemporaryDirectory(prefix="packager-compile-") as folder:
        source, dest = Path(folder, "source"), Path(folder, "dest")
        for file in sources:
            path = source / file.dest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read())
        dest.mkdir()
        compile_tree(source, dest, interpreter, level)
        return tuple(IncludedFile(file.dest, file.read()) for file in files_in(dest))
