"""Whether what changes fits on the disk; where it does not, the version before the good one makes room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from edge.update.errors import NoSpaceError
from edge.update.home import other
from edge.update.slots import find_reusable
from edge.update.state import State, write_state

if TYPE_CHECKING:
    from edge.update.contents import Contents
    from edge.update.home import Home
    from edge.update.transfer import Transfer

_MARGIN_BYTES = 1 << 20
"""Kept free: for the state and for the folders of a slot."""
_MB = 1024 * 1024


class Plan(NamedTuple):
    """By digest, the files that lie here already, and how many bytes are to come of each that does not."""

    reusable: dict[str, str]
    missing: dict[str, int]
    needed_bytes: int


def make_plan(home: Home, state: State, contents: Contents, transfer: Transfer) -> tuple[State, Plan]:
    """What is to be brought; NoSpaceError with the numbers where that does not fit, however it is done."""
    plan = _plan(home, contents, transfer)
    if plan.needed_bytes <= home.free_bytes():
        return state, plan
    beside = other(state.good.slot)
    if _fits_without(home, home.slot(beside), contents, plan):
        state = write_state(home, state._replace(previous=None))
        home.disk.clear(home.slot(beside))
        plan = _plan(home, contents, transfer)
    free = home.free_bytes()
    if plan.needed_bytes > free:
        raise NoSpaceError(
            f"the update needs {plan.needed_bytes / _MB:.2f} MB of room in {home.root} and {free / _MB:.2f} "
            "MB are free: make room and update again; a whole version serves"
        )
    return state, plan


def _plan(home: Home, contents: Contents, transfer: Transfer) -> Plan:
    reusable = find_reusable(home, contents)
    missing = {entry.sha256: entry.size_bytes for entry in contents.files if entry.sha256 not in reusable}
    rest = sum(transfer.missing_bytes(digest, size) for digest, size in missing.items())
    byte_code = sum(entry.size_bytes for entry in contents.files if entry.path.endswith(".py"))
    return Plan(reusable, missing, rest + len(contents.body) + byte_code + _MARGIN_BYTES)


def _fits_without(home: Home, root: str, contents: Contents, plan: Plan) -> bool:
    """Whether it would fit if that slot were empty: what only it holds then comes from the source."""
    sizes = {entry.sha256: entry.size_bytes for entry in contents.files}
    lost = sum(sizes[digest] for digest, path in plan.reusable.items() if path.startswith(root + os.sep))
    freed = 0
    for folder, _, names in os.walk(root):
        found = [os.lstat(os.path.join(folder, name)) for name in names]
        freed += sum(each.st_size for each in found if each.st_nlink == 1)
    return plan.needed_bytes + lost <= home.free_bytes() + freed
