"""Finds where this process may make control groups: in version 1, or in version 2 where it is delegated."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.errors import ToolError

Controller = Literal["cpu", "memory", "pids"]
NAME = "packager-"
"""How the folders of our groups begin."""

SELF = Path("/proc/self")
"""Where the kernel tells of this process's groups and mounts."""
_LEAF = "packager-itself"
_WAY_ON = (
    "run it as root, or as `systemd-run --user --scope --property=Delegate=yes packager tune …`; in a "
    "container, give it control groups that can be written"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a group that has ``controllers`` can be made."""

    version: Literal[1, 2]
    folder: Path
    controllers: tuple[Controller, ...]


@dataclass(frozen=True, slots=True)
class _Mount:
    point: Path
    root: str
    version: Literal[1, 2]
    options: frozenset[str]


def places(wanted: tuple[Controller, ...]) -> tuple[Place, ...]:
    """Where to make groups for all of ``wanted``: one folder (version 2), or one for each controller.

    Raises ToolError with the reason where limits cannot be set.
    """
    mounts = tuple(_mounts())
    first = _first_version(mounts, wanted)
    if first is not None:
        return first
    unified = next((mount for mount in mounts if mount.version == 2), None)
    if unified is None:
        raise ToolError("this machine has no control groups to set limits with", _WAY_ON)
    return (Place(2, _delegated(unified, wanted), wanted),)


def _first_version(mounts: tuple[_Mount, ...], wanted: tuple[Controller, ...]) -> tuple[Place, ...] | None:
    """None where any of them belongs to version 2."""
    own = _own_groups()
    found = []
    for controller in wanted:
        mount = next((mount for mount in mounts if mount.version == 1 and controller in mount.options), None)
        if mount is None:
            return None
        folder = _inside(mount, own.get(controller, "/"))
        if not os.access(folder, os.W_OK):
            raise ToolError(f"the control groups in {folder} cannot be written", _WAY_ON)
        found.append(Place(1, folder, (controller,)))
    return tuple(found)


def _delegated(mount: _Mount, wanted: tuple[Controller, ...]) -> Path:
    """The nearest group, from our own upwards, whose children can have the controllers.

    A group with processes cannot hand controllers on, save the root: our own does once this process has moved
    into a child of it, if it was there alone.
    """
    own = _inside(mount, _own_groups().get("", "/"))
    if own.name == _LEAF and _hands_on(own.parent, wanted):  # an earlier call has moved us
        return own.parent
    reasons = []
    for folder in (own, *own.parents):
        if not folder.is_relative_to(mount.point):
            break
        try:
            _hand_on(folder, wanted, alone=folder == own)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror}")
        else:
            return folder
    raise ToolError("the control groups of this process cannot be written", _WAY_ON, tuple(reasons))


def _hand_on(folder: Path, wanted: tuple[Controller, ...], alone: bool) -> None:
    """Make sure that children of ``folder`` have the controllers and can be made and entered by us."""
    if not os.access(folder, os.W_OK) or not os.access(folder / "cgroup.procs", os.W_OK):
        raise PermissionError(13, "it belongs to another user")
    if _hands_on(folder, wanted):
        return
    control = folder / "cgroup.subtree_control"
    text = " ".join(f"+{controller}" for controller in wanted)
    try:
        control.write_text(text)
    except OSError:
        if not alone or _members(folder) != [os.getpid()]:
            raise
        leaf = folder / _LEAF
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(str(os.getpid()))
        control.write_text(text)


def _hands_on(folder: Path, wanted: tuple[Controller, ...]) -> bool:
    with contextlib.suppress(OSError):
        return set(wanted) <= set((folder / "cgroup.subtree_control").read_text().split())
    return False


def _members(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "cgroup.procs").read_text().split()]


def _inside(mount: _Mount, group: str) -> Path:
    """The folder of a group; in a container the mount's root may be a group itself."""
    relative = group.removeprefix(mount.root) if mount.root != "/" else group
    folder = mount.point / relative.strip("/")
    return folder if folder.is_dir() else mount.point


def _own_groups() -> dict[str, str]:
    """This process's group by controller; version 2 is the empty name."""
    found = {}
    for line in _lines("cgroup"):
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _mounts() -> Iterator[_Mount]:
    for line in _lines("mountinfo"):
        left, _, right = line.partition(" - ")
        fields, (kind, _, options) = left.split(), right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            version: Literal[1, 2] = 1 if kind == "cgroup" else 2
            point = fields[4].replace("\\040", " ")
            yield _Mount(Path(point), fields[3], version, frozenset(options.split(",")))


def _lines(name: str) -> list[str]:
    with contextlib.suppress(OSError):
        return (SELF / name).read_text(encoding="utf-8").splitlines()
    return []
