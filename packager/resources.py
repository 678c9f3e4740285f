"""Finds what travels with packager but is no code of its own: templates, shipped sources, data tables."""

from pathlib import Path

from packager.errors import ToolError

_HERE = Path(__file__).resolve().parent
DATA = _HERE / "data"


def folder(name: str) -> Path:
    """The folder ``templates``, ``runtimes`` or ``edge``: in an installed packager, or in the checkout."""
    for place in (_HERE / "_bundled" / name, _HERE.parent / name):
        if place.is_dir():
            return place
    raise ToolError(
        f"this installation of packager has no folder {name!r}",
        hint="install it again from where you have it",
    )


def sources(name: str, *rooms: str) -> tuple[tuple[str, Path], ...]:
    """The shipped sources of ``name`` as (path in the artifact, file), sorted; with ``rooms`` only those
    packages of it and the modules beside them.

    Only `*.py` files count: pip, tests and editors leave other files in the tree.
    """
    root = folder(name)
    found = sorted(
        (path.relative_to(root).as_posix(), path) for path in root.rglob("*.py") if _is_source(path, root)
    )
    return tuple((f"{name}/{dest}", path) for dest, path in found if not rooms or _in_rooms(dest, rooms))


def _is_source(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts)


def _in_rooms(dest: str, rooms: tuple[str, ...]) -> bool:
    room, slash, _ = dest.partition("/")
    return not slash or room in rooms
