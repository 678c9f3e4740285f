"""Power cuts at every change of a disk: as a killed process, and as what a file system may lose."""

import itertools
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from edge.update.disk import Disk
from edge.update.home import Home
from tests.edge.update.medium import Medium, Step

Action = Callable[[Home], object]


class QuickDisk(Disk):
    """Waits for no medium: for runs after which no power is cut."""

    def sync(self, path: str) -> None:
        """A step like any other, but nothing is waited for."""
        self._step("sync", path)


class RecordingDisk(QuickDisk):
    """Notes every step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def _step(self, what: str, *places: object) -> None:
        self.steps.append((what, *places))


class CuttingDisk(QuickDisk):
    """Kills its process before a step, the bytes of which are half written if it writes any."""

    def __init__(self, at: int) -> None:
        self._left = at

    def _step(self, what: str, *places: object) -> None:
        self._left -= 1
        if self._left:
            return
        if what == "append":
            path, data = places
            assert isinstance(path, str) and isinstance(data, bytes)
            with Path(path).open("ab") as file:
                file.write(data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)


def record(before: Path, folder: Path, action: Action) -> list[Step]:
    """The steps of an action on a copy of a home, by their paths below it."""
    disk = RecordingDisk()
    action(copied(before, folder / "recorded", disk))
    return disk.steps


def kill(before: Path, root: Path, action: Action, at: int) -> Path | None:
    """A copy of the home in which a process was killed at that step of an action.

    None where the action was done before.
    """
    child = os.fork()
    if not child:
        done = False
        try:
            action(copied(before, root, CuttingDisk(at)))
            done = True
        finally:
            os._exit(not done)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return root if status else None


def killed_homes(before: Path, folder: Path, action: Action) -> Iterator[Path]:
    """A copy of the home for each step of an action, in which a process was killed there."""
    for at in itertools.count(1):
        root = kill(before, folder / f"cut{at}", action, at)
        if root is None:
            return
        yield root
        shutil.rmtree(root)


def lost_homes(before: Path, folder: Path, action: Action) -> Iterator[tuple[int, Path]]:
    """For each step of an action, homes as a file system may leave them when power goes just before it."""
    root = folder / "lost"
    steps = record(before, folder, action)
    for cut in range(len(steps) + 1):
        medium = Medium(before, folder / "recorded", steps[:cut])
        for keeps, holds in _LOSSES:
            chance = random.Random(cut)
            medium.write(root, partial(keeps, chance), holds, chance)
            yield cut, root
            shutil.rmtree(root)


def _kept(data: bytes, synced: bytes, _: random.Random) -> bytes:
    return data


def _lost(data: bytes, synced: bytes, _: random.Random) -> bytes:
    return synced


def _torn(data: bytes, synced: bytes, chance: random.Random) -> bytes:
    """A part of what was not synced, and maybe zeros where the rest was to be."""
    if data == synced:
        return data
    kept = data[: chance.randint(0, len(data))]
    return kept + bytes(len(data) - len(kept)) if chance.random() < 0.5 else kept


_LOSSES = (
    (lambda _: False, _lost),
    (lambda _: True, _lost),
    (lambda _: True, _torn),
    (lambda chance: chance.random() < 0.5, _kept),
    (lambda chance: chance.random() < 0.5, _torn),
)
"""Which changes of names are kept of those that no sync has settled, and what of the bytes."""


def copied(before: Path, root: Path, disk: Disk | None = None) -> Home:
    """A copy of a home."""
    root.parent.mkdir(exist_ok=True)
    shutil.copytree(before, root, symlinks=True)
    return Home(str(root), disk or QuickDisk())
