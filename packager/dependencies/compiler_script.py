"""Run by an interpreter of the target's version: SOURCE DEST ROOT LEVEL. It imports nothing of packager.

Each `x.py` of SOURCE becomes `x.pyc` in DEST, of the unchecked-hash kind, as ROOT/x.py; all else is copied.
LEVEL is that of `-O`: at 2 there are no docstrings, no assertions and no annotations.
"""

import _imp
import ast
import importlib.util
import marshal
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

UNCHECKED_HASH = (0b01).to_bytes(4, "little")
BARE = 2
NAMES = ("co_filename", "co_name", *(("co_qualname",) if sys.version_info >= (3, 11) else ()))


def main(source: Path, dest: Path, root: str, level: int) -> None:
    """Compile or copy every file."""
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        inside = path.relative_to(source)
        (dest / inside).parent.mkdir(parents=True, exist_ok=True)
        _ship(path, dest / inside, f"{root}/{inside.as_posix()}", level)


def _ship(source: Path, dest: Path, name: str, level: int) -> None:
    if source.suffix == ".py":
        try:
            content = byte_code(source.read_bytes(), name, level)
        except (SyntaxError, ValueError):  # a template, or a module for a newer Python: it ships as it is
            pass
        else:
            dest.with_suffix(".pyc").write_bytes(content)
            return
    shutil.copyfile(source, dest)


def byte_code(text: bytes, name: str, level: int) -> bytes:
    """The content of a `.pyc`. It depends on the source and the Python version alone."""
    tree = ast.parse(text, name)
    if level == BARE:
        tree = ast.fix_missing_locations(Untyped().visit(tree))
    code = compile(tree, name, "exec", dont_inherit=True, optimize=level)
    digest = _imp.source_hash(importlib.util._RAW_MAGIC_NUMBER, text)  # type: ignore[attr-defined]
    shipped = marshal.dumps(Canonical(code).of(code))
    return importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + digest + shipped


class Untyped(ast.NodeTransformer):
    """Leaves out what only a type checker reads: annotations, and what is imported for them."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Without the annotations of its arguments and of what it returns."""
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """A NamedTuple has its fields by its annotations: only its methods lose theirs."""
        if any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases):
            node.body = [item if isinstance(item, ast.AnnAssign) else self.visit(item) for item in node.body]
        else:
            self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """An argument's name alone."""
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """A plain assignment, or nothing where there is no value."""
        self.generic_visit(node)
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_If(self, node: ast.If) -> ast.stmt:
        """`if TYPE_CHECKING:` is never true."""
        self.generic_visit(node)
        typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return ast.copy_location(ast.Pass(), node) if typing and not node.orelse else node


class Canonical:
    """Rebuilds a code object with its own names interned; what was shared stays shared.

    marshal writes interned text in another way, and equal names as one when they are one object. Whether a
    qualified name and a constant of the same text are, depends on what the process has seen before.
    """

    def __init__(self, code: CodeType) -> None:
        self._names = {getattr(part, name) for part in _codes(code) for name in NAMES}
        self._sets: dict[bytes, frozenset[Any]] = {}
        self._made: dict[int, tuple[Any, Any]] = {}  # by identity; the original is kept, so no id is reused

    def of(self, value: Any) -> Any:
        """The canonical form of a constant."""
        if id(value) not in self._made:
            self._made[id(value)] = value, self._make(value)
        return self._made[id(value)][1]

    def _make(self, value: Any) -> Any:
        if isinstance(value, CodeType):
            return value.replace(**{part: self.of(getattr(value, part)) for part in ("co_consts", *NAMES)})
        if isinstance(value, tuple):
            return tuple(self.of(item) for item in value)
        if isinstance(value, frozenset):
            # The compiler makes a second one when a name in it was interned before: equal ones become one.
            return self._sets.setdefault(marshal.dumps(value, 2), frozenset(map(self.of, value)))
        # One letter is one object in the whole process, and another file may have used it as a name.
        named = isinstance(value, str) and (len(value) == 1 or value in self._names)
        return sys.intern(value) if named else value


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
