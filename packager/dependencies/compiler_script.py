"""Run by an interpreter of the target's version: SOURCE DEST ROOT. It imports nothing of packager.

Each `x.py` of SOURCE becomes `x.pyc` in DEST, of the unchecked-hash kind, as ROOT/x.py; all else is copied.
"""

import _imp
import importlib.util
import marshal
import shutil
import sys
from pathlib import Path
from types import CodeType
from typing import Any

UNCHECKED_HASH = (0b01).to_bytes(4, "little")


def main(source: Path, dest: Path, root: str) -> None:
    """Compile or copy every file."""
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        inside = path.relative_to(source)
        (dest / inside).parent.mkdir(parents=True, exist_ok=True)
        _ship(path, dest / inside, f"{root}/{inside.as_posix()}")


def _ship(source: Path, dest: Path, name: str) -> None:
    if source.suffix == ".py":
        try:
            content = byte_code(source.read_bytes(), name)
        except (SyntaxError, ValueError):  # a template, or a module for a newer Python: it ships as it is
            pass
        else:
            dest.with_suffix(".pyc").write_bytes(content)
            return
    shutil.copyfile(source, dest)


def byte_code(text: bytes, name: str) -> bytes:
    """The content of a `.pyc`."""
    code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    held: list[Any] = []
    hold(code, held)
    digest = _imp.source_hash(importlib.util._RAW_MAGIC_NUMBER, text)  # type: ignore[attr-defined]
    return importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + digest + marshal.dumps(code)


def hold(value: Any, held: list[Any]) -> None:
    """Keep a second reference to everything in a code object.

    marshal marks an object as shared when something else refers to it at that moment, so that a name
    which an earlier file used too would be written in another way. With all of them held, all are marked.
    """
    held.append(value)
    if isinstance(value, (tuple, frozenset)):
        for item in value:
            hold(item, held)
    elif isinstance(value, slice):
        held.extend((value.start, value.stop, value.step))
    elif isinstance(value, CodeType):
        for part in dir(value):
            if part.startswith("co_") and part not in {
                "co_lines",
                "co_positions",
                "co_branches",
                "co_lnotab",
            }:
                hold(getattr(value, part), held)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
