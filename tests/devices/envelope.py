"""Holds a program to what a device has: memory, a share of one core, processes; and tells what it took.

What is read from disk is charged to whoever reads it first, so ``evict`` goes before: two runs of the same
program would differ by its files. Low limits may be thrashed rather than exceeded: give a time, too.
"""

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.tuning import cgroups
from packager.tuning.cgroups import Group, Limits
from tests.devices import confined
from tests.devices.confined import Mount, Ran
from tests.devices.presence import NotHereError
from tests.devices.roots import Root

KILLED = 137
_PEAK = ("memory.peak", "memory.max_usage_in_bytes")
_EVENTS = ("memory.events", "memory.oom_control")


@dataclass(frozen=True, slots=True)
class Held:
    """A run within its limits. ``ran.code`` is KILLED where the memory was not enough."""

    ran: Ran
    cpu_s: float
    throttled: int
    peak_bytes: int
    oom_kills: int


def need_groups() -> None:
    """Raises NotHereError where no limits can be set."""
    error = cgroups.reason_for_none()
    if error is not None:
        raise NotHereError(error.message)


def run(
    root: Root,
    limits: Limits,
    command: Sequence[str],
    *,
    mounts: Sequence[Mount] = (),
    stdin: str = "",
    timeout_s: float = 60,
) -> Held:
    """``confined.run`` on one core and within ``limits``."""
    evict([mount.source for mount in mounts])
    before = _cpu_s()
    with cgroups.held(limits) as group:
        ran = confined.run(
            root,
            command,
            mounts=mounts,
            stdin=stdin,
            timeout_s=timeout_s,
            prepare=lambda: _enter(group),
        )
        kills = _count(group, _EVENTS, "oom_kill")
        if kills:  # unshare says 1 where its child was killed
            ran = Ran(KILLED, ran.stdout, ran.stderr, ran.wall_s)
        return Held(
            ran,
            cpu_s=_cpu_s() - before,
            throttled=_count(group, ("cpu.stat",), "nr_throttled"),
            peak_bytes=int(group.read(*_PEAK)),
            oom_kills=kills,
        )


def evict(folders: Sequence[Path]) -> None:
    """Take the folders' files out of the kernel's cache."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY)
                os.fdatasync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)


def _enter(group: Group) -> None:
    group.enter()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _count(group: Group, files: tuple[str, ...], name: str) -> int:
    """A number by its name; 0 where the kernel does not count it."""
    counts = dict(line.split() for line in group.read(*files).splitlines())
    return int(counts.get(name, 0))


def _cpu_s() -> float:
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken.ru_utime + taken.ru_stime
