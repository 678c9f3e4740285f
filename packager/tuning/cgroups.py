"""Runs a process under the CPU share and memory limit of a Lambda memory size, by control groups of Linux.

Groups are held by a lock on their folder, so that a run that was killed leaves nothing that the next one
would not take away.
"""

import contextlib
import fcntl
import mmap
import os
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.errors import ToolError
from packager.runtime_api import FULL_CPU_MB
from packager.tuning.hierarchy import NAME, Controller, Place, places

PERIOD_US = 20_000
_LEAST_QUOTA_US = 1000
_WEIGHTS = {1: ("cpu.shares", 100_000), 2: ("cpu.weight", 10_000)}
_EVENTS = ("memory.events", "memory.oom_control")
_SWAP = ("memory.swap.max", "memory.memsw.limit_in_bytes")
_REMOVING_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a group may take: of one processor's time (more than 1 is several), of memory, of processes."""

    cpu: float
    memory_mb: int | None = None
    processes: int | None = None


def cpu_share(memory_mb: int) -> float:
    """How much of one processor's time Lambda gives a function of this memory; more than 1 is several."""
    return memory_mb / FULL_CPU_MB


class Group:
    """A group with its limits. ``enter`` is to run in the child, between fork and exec."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        self._took = mmap.mmap(-1, 8)  # shared with the child

    def enter(self) -> None:
        """Put this process into the group, and leave word how long that took."""
        began_ns = time.monotonic_ns()
        for folder in self._folders:
            descriptor = os.open(folder / "cgroup.procs", os.O_WRONLY)
            os.write(descriptor, b"0")
            os.close(descriptor)
        self._took[:] = struct.pack("q", time.monotonic_ns() - began_ns)

    @property
    def entering_ms(self) -> float:
        """How long the last child took to enter: the kernel's work for us, not the child's own."""
        taken_ns: int = struct.unpack("q", self._took[:])[0]
        return taken_ns / 1e6

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process of the group for its memory."""
        return any(_killed(folder / name) for folder in self._folders for name in _EVENTS)

    def read(self, *names: str) -> str:
        """What the kernel says of the group in the first of these files that it has."""
        found = (folder / name for name in names for folder in self._folders if (folder / name).exists())
        return next(found).read_text(encoding="ascii")


def _killed(events: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return any(
            line.split()[0] == "oom_kill" and line.split()[1] != "0"
            for line in events.read_text(encoding="ascii").splitlines()
        )
    return False


def reason_for_none() -> ToolError | None:
    """Why limits cannot be set on this machine; None where they can."""
    try:
        with limited(FULL_CPU_MB):
            return None
    except ToolError as error:
        return error


@contextmanager
def limited(memory_mb: int, *, memory: bool = True) -> Iterator[Group]:
    """A group with the CPU share of this Lambda memory size and (``memory``) its limit; removed at the end,
    with every process in it.

    Raises ToolError where this process may not make one.
    """
    with held(Limits(cpu_share(memory_mb), memory_mb if memory else None)) as group:
        yield group


@contextmanager
def held(limits: Limits) -> Iterator[Group]:
    """A group with any limits; otherwise as ``limited``."""
    wanted: list[Controller] = ["cpu"]
    wanted += ["memory"] if limits.memory_mb else []
    wanted += ["pids"] if limits.processes else []
    with ExitStack() as stack:
        folders = []
        for place in places(tuple(wanted)):
            sweep(place.folder)
            folders.append(stack.enter_context(_folder(place, limits)))
        yield Group(tuple(folders))


def sweep(parent: Path) -> None:
    """Take away what runs that were killed have left: groups that nobody holds."""
    for folder in parent.glob(f"{NAME}[0-9]*"):
        with contextlib.suppress(OSError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            _remove(folder)


@contextmanager
def _folder(place: Place, limits: Limits) -> Iterator[Path]:
    folder, lock = _make(place.folder)
    try:
        try:
            for name, text in _settings(place, limits):
                if name not in _SWAP or (folder / name).exists():  # a kernel may not count swap
                    (folder / name).write_text(text, encoding="ascii")
        except OSError as error:
            raise ToolError(f"the limit {error.filename} cannot be set: {error.strerror}") from error
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    """A new group, held; a sweep that came between takes it away, and then there is another."""
    for number in range(1000):
        folder = parent / f"{NAME}{os.getpid()}-{number}"
        try:
            folder.mkdir()
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except (FileExistsError, FileNotFoundError):
            continue
        except OSError as error:
            raise ToolError(f"no control group can be made in {parent}: {error.strerror}") from error
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)
    raise ToolError(f"{parent} is full of control groups of this process")


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _settings(place: Place, limits: Limits) -> Iterator[tuple[str, str]]:
    """The files of a group and what to write into them, in order."""
    if "cpu" in place.controllers:
        quota_us = max(_LEAST_QUOTA_US, int(PERIOD_US * limits.cpu))
        weight, most = _WEIGHTS[place.version]
        yield weight, str(most)  # over what else runs here: a share is to mean that much time
        if place.version == 2:
            yield "cpu.max", f"{quota_us} {PERIOD_US}"
        else:
            yield "cpu.cfs_period_us", str(PERIOD_US)
            yield "cpu.cfs_quota_us", str(quota_us)
    if "pids" in place.controllers:
        yield "pids.max", str(limits.processes)
    if "memory" in place.controllers and limits.memory_mb:
        limit = str(limits.memory_mb << 20)
        if place.version == 2:
            yield "memory.max", limit
            yield "memory.swap.max", "0"
        else:
            yield "memory.limit_in_bytes", limit
            yield "memory.memsw.limit_in_bytes", limit


def _remove(folder: Path) -> None:
    """Kill what is in the group, and take the group away; a killed process needs a moment to be gone."""
    deadline = time.monotonic() + _REMOVING_S
    while folder.exists():
        for pid in _processes(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                return  # held by something that cannot be killed: the next sweep tries again
            time.sleep(0.01)


def _processes(folder: Path) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(line) for line in (folder / "cgroup.procs").read_text(encoding="ascii").split()]
    return []
