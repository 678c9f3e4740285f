"""What may lie on a disk after a power cut: changes that no sync has settled, each is there or not.

Stronger than file systems with a journal, which keep the order of names: here any of them may be missing.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Step = tuple[object, ...]
Keeps = Callable[[], bool]
Holds = Callable[[bytes, bytes, random.Random], bytes]


@dataclass(eq=False)
class File:
    """A file's bytes, and those that were synced."""

    data: bytes = b""
    synced: bytes = b""


@dataclass(eq=False)
class Link:
    """A symbolic link."""

    target: str


@dataclass(eq=False)
class Dir:
    """A folder's names, as programs see them, and as they were at the beginning."""

    names: "dict[str, Node]" = field(default_factory=dict)
    first: "dict[str, Node]" = field(default_factory=dict)


Node = File | Link | Dir


@dataclass(eq=False)
class Change:
    """Names that change together; it is settled when each folder of them has been synced."""

    names: list[tuple[Dir, str, Node | None]]
    unsynced: list[Dir]


class Medium:
    """A home and the steps that were done in it."""

    def __init__(self, before: Path, root: Path, steps: list[Step]) -> None:
        self._root = str(root)
        self._top = _read(before)
        self._changes: list[Change] = []
        for what, *places in steps:
            getattr(self, f"_{what}")(*places)

    def write(self, dest: Path, keeps: Keeps, holds: Holds, chance: random.Random) -> None:
        """One of the states that power may leave: ``keeps`` is asked for each change that is not settled."""
        names: dict[Dir, dict[str, Node]] = {}
        for change in self._changes:
            if not change.unsynced or keeps():
                for folder, name, node in change.names:
                    held = names.setdefault(folder, dict(folder.first))
                    held.pop(name, None)
                    if node is not None:
                        held[name] = node
        _write(self._top, dest, names, holds, chance)

    def _make_dir(self, path: str) -> None:
        self._change((path, Dir()))

    def _create(self, path: str) -> None:
        self._change((path, File()))

    def _append(self, path: str, data: bytes) -> None:
        node = self._find(path)
        assert isinstance(node, File)
        node.data += data

    def _sync(self, path: str) -> None:
        node = self._find(path)
        if isinstance(node, File):
            node.synced = node.data
        for change in self._changes:
            change.unsynced = [folder for folder in change.unsynced if folder is not node]

    def _link(self, source: str, path: str) -> None:
        self._change((path, self._find(source)))

    def _symlink(self, target: str, path: str) -> None:
        self._change((path, Link(target)))

    def _rename(self, source: str, path: str) -> None:
        self._change((source, None), (path, self._find(source)))

    def _remove(self, path: str) -> None:
        self._change((path, None))

    def _remove_dir(self, path: str) -> None:
        self._change((path, None))

    def _change(self, *changed: tuple[str, Node | None]) -> None:
        names = []
        for path, node in changed:
            above, name = os.path.split(path)
            folder = self._find(above)
            assert isinstance(folder, Dir)
            folder.names.pop(name, None)
            if node is not None:
                folder.names[name] = node
            names.append((folder, name, node))
        self._changes.append(Change(names, list(dict.fromkeys(folder for folder, _, _ in names))))

    def _find(self, path: str) -> Node:
        node: Node = self._top
        for part in os.path.relpath(path, self._root).split("/"):
            if part != ".":
                assert isinstance(node, Dir)
                node = node.names[part]
        return node


def _read(path: Path) -> Dir:
    names: dict[str, Node] = {}
    for each in sorted(path.iterdir()):
        if each.is_symlink():
            names[each.name] = Link(str(each.readlink()))
        elif each.is_dir():
            names[each.name] = _read(each)
        else:
            data = each.read_bytes()
            names[each.name] = File(data, data)
    return Dir(names, dict(names))


def _write(
    top: Dir, dest: Path, names: dict[Dir, dict[str, Node]], holds: Holds, chance: random.Random
) -> None:
    dest.mkdir()
    for name, node in names.get(top, top.first).items():
        path = dest / name
        if isinstance(node, Dir):
            _write(node, path, names, holds, chance)
        elif isinstance(node, Link):
            path.symlink_to(node.target)
        else:
            path.write_bytes(holds(node.data, node.synced, chance))
