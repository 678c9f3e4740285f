"""Runs a child process within limits of time and memory, and says how it ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

LAST_LINES = 12
_LONGEST_LINE = 500
_POLL_S = 0.2
_MOST_ROUNDS, _ROUND_S = 200, 0.01
_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
# Of both versions of control groups: the limit, what is used, and the files' part that can be given back.
_LIMITS = (
    ("memory.max", "memory.current", ("inactive_file", "active_file")),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file")),
)
_UNKNOWN_MB = 4096
"""The limit on a machine that does not say what is free."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: with its ``returncode``, stopped because of ``limit`` or by itself."""

    returncode: int
    limit: Literal["time", "memory"] | None
    peak_memory_mb: int


class _Process(NamedTuple):
    pid: int
    parent: int
    session: int
    resident_pages: int


def run(
    command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path, timeout_s: float, memory_mb: int
) -> Ended:
    """Run ``command``; all that it says goes to ``log``. Over a limit it is killed with its own children."""
    with log.open("wb") as sink:
        child = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        return _watched(child, time.monotonic() + timeout_s, memory_mb)
    finally:
        end(child)


def last_lines(log: Path) -> tuple[str, ...]:
    """The end of what a child printed; an endless line is cut, blank ones are left out."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_LINES * _LONGEST_LINE))
        text = file.read().decode("utf-8", errors="replace")
    lines = (line.rstrip()[:_LONGEST_LINE] for line in text.splitlines())
    return tuple(deque(filter(None, lines), LAST_LINES))


def memory_here_mb() -> int:
    """What a child may take: nine tenths of what is free on this machine, or in the container's limits."""
    free = [*_free_on_machine(), *_free_in_cgroups()]
    return int(min(free) * 0.9) >> 20 if free else _UNKNOWN_MB


def _free_on_machine() -> Iterator[int]:
    with contextlib.suppress(OSError):
        for line in (_PROC / "meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) << 10


def _free_in_cgroups() -> Iterator[int]:
    """What each limit on this process leaves."""
    for group in _own_cgroups():
        for limit, used, given_back in _LIMITS:
            with contextlib.suppress(OSError, ValueError, KeyError):  # another version, or "max": no limit
                most, now = (int((group / name).read_text(encoding="ascii")) for name in (limit, used))
                stat = (group / "memory.stat").read_text(encoding="ascii")
                held = dict(line.split() for line in stat.splitlines())
                yield most - now + sum(int(held[name]) for name in given_back)


def _own_cgroups() -> Iterator[Path]:
    """This process's group and all above it; in a container the mount's root is its own group."""
    with contextlib.suppress(OSError):
        for line in (_PROC / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            root = _CGROUPS / "memory" if "memory" in controllers.split(",") else _CGROUPS
            if root != _CGROUPS or not controllers:
                own = root / path.strip("/")
                yield from (place for place in (own, *own.parents) if place.is_relative_to(root))


def _watched(child: "subprocess.Popen[bytes]", deadline: float, memory_mb: int) -> Ended:
    """Memory is polled: a limit on address space would count what libraries map and never touch."""
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    peak = 0
    while True:
        try:
            left_s = max(0.0, deadline - time.monotonic())
            return Ended(child.wait(min(_POLL_S, left_s)), None, peak)
        except subprocess.TimeoutExpired:
            pages = sum(process.resident_pages for process in _family(child.pid))
            peak = max(peak, pages * page_bytes >> 20)
        if peak > memory_mb or time.monotonic() > deadline:
            end(child)
            return Ended(child.returncode, "memory" if peak > memory_mb else "time", peak)


def _family(pid: int) -> list[_Process]:
    """The child's session, with all that descends from it and has left for a session of its own."""
    waiting = list(_processes())
    found: dict[int, _Process] = {}
    while True:
        more = [one for one in waiting if pid in (one.session, one.pid) or one.parent in found]
        if not more:
            return list(found.values())
        found.update((one.pid, one) for one in more)
        waiting = [one for one in waiting if one.pid not in found]


def _processes() -> Iterator[_Process]:
    """All processes of this machine; none where there is no /proc, and then only time is watched."""
    for folder in _PROC.iterdir() if _PROC.is_dir() else ():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):  # it has just ended
                said = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                fields = said.rpartition(")")[2].split()
                if fields[0] != "Z":
                    yield _Process(int(folder.name), int(fields[1]), int(fields[3]), int(fields[21]))


def end(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child and what it started: converters start helpers of their own, some in new groups."""
    for _ in range(_MOST_ROUNDS):  # one may start another while it is being killed
        running = child.poll() is None
        family = [one.pid for one in _family(child.pid) if running or one.pid != child.pid]
        if not family:
            break
        for pid in family:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_ROUND_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # where there is no /proc to look at
    child.wait()
