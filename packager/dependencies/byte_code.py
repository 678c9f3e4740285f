"""Turns Python sources into byte-code of the target's version: `module.pyc` in place of `module.py`."""

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.layout import IncludedFile, files_in

_SCRIPT = Path(__file__).with_name("compiler_script.py")
ROOT_ON_TARGET = "/var/task"
"""Where the files stand on the target: what tracebacks say."""


def version() -> str:
    """Part of cache keys: another compiler script may give other bytes."""
    return hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()[:8]


def compile_tree(source: Path, dest: Path, interpreter: Interpreter) -> None:
    """Copy the tree ``source`` to ``dest`` with byte-code in place of each source that compiles.

    The bytes depend on the sources and the interpreter's version alone.
    """
    # Not -I, which would drop the fixed hash seed; nothing else of the environment gets through.
    command = [str(interpreter.path), "-s", "-S", "-P", "-B", "-W", "ignore", str(_SCRIPT)]
    done = subprocess.run(
        [*command, str(source), str(dest), ROOT_ON_TARGET],
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise DependencyError(
            f"Python {interpreter.version} ({interpreter.path}) could not compile what ships",
            details=tuple(done.stderr.splitlines()[-4:]),
        )


def compile_files(sources: Sequence[IncludedFile], interpreter: Interpreter) -> tuple[IncludedFile, ...]:
    """The same files with byte-code in place of sources, held in memory: our own runtime is small."""
    with tempfile.TemporaryDirectory(prefix="packager-compile-") as folder:
        source, dest = Path(folder, "source"), Path(folder, "dest")
        for file in sources:
            path = source / file.dest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read())
        dest.mkdir()
        compile_tree(source, dest, interpreter)
        return tuple(IncludedFile(file.dest, file.read()) for file in files_in(dest))
