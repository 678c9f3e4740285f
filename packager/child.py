"""Runs a child process within limits of time and memory, and says how it ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LAST_LINES = 12
_POLL_S = 0.2
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: with its ``returncode``, stopped because of ``limit`` or by itself."""

    returncode: int
    limit: Literal["time", "memory"] | None
    peak_memory_mb: int


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
        _end(child)


def last_lines(log: Path) -> tuple[str, ...]:
    """The end of what a child printed."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return tuple(line.rstrip() for line in deque(lines, LAST_LINES))


def memory_here_mb() -> int:
    """What a child may take on this machine: nine tenths of what is free now, or of the container's limit."""
    with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123 - not a file in any other sense
        free = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return int(free["MemAvailable"] / 1024 * 0.9)


def _watched(child: "subprocess.Popen[bytes]", deadline: float, memory_mb: int) -> Ended:
    """Memory is polled: a limit on address space would count what libraries map and never touch."""
    peak = 0
    while True:
        try:
            return Ended(child.wait(_POLL_S), None, peak)
        except subprocess.TimeoutExpired:
            peak = max(peak, _memory_mb(child.pid))
        if peak > memory_mb or time.monotonic() > deadline:
            _end(child)
            return Ended(child.returncode, "memory" if peak > memory_mb else "time", peak)


def _memory_mb(session: int) -> int:
    """Resident memory of all processes of the child's session."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            total += _resident_pages(folder, session)
    return total * _PAGE_BYTES >> 20


def _resident_pages(folder: Path, session: int) -> int:
    try:
        fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0
    return int(fields[21]) if int(fields[3]) == session else 0


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child's whole group: converters start helpers of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
