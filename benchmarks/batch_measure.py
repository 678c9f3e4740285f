"""Run as `python -I -S batch_measure.py COMMAND…`: what a command took with all that it started, as JSON.

A process of its own, without numpy: the memory that a child shares before it becomes its program counts as
the child's. All that the command starts stays below this process, daemons, too, and is ended with it.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_PROC = Path("/proc")
_EVERY_S = 0.05
_SUBREAPER = 36
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Watch:
    """The processes below this one: the most memory of all at once, and the processor time of each."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self.peak_anonymous_bytes = 0
        self._cpu_s: dict[tuple[int, str], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    @property
    def cpu_s(self) -> float:
        """What the processes had taken when each was last seen."""
        return sum(self._cpu_s.values())

    def _look_on(self) -> None:
        while not self._over.wait(_EVERY_S):
            self.look()

    def look(self) -> None:
        resident, anonymous = 0, 0
        for pid, fields in below(os.getpid()).items():
            self._cpu_s[pid, fields[19]] = (int(fields[11]) + int(fields[12])) * _TICK_S
            with contextlib.suppress(OSError):
                sizes = [int(size) * _PAGE for size in (_PROC / str(pid) / "statm").read_text().split()]
                resident += sizes[1]
                anonymous += sizes[1] - sizes[2]
        self.peak_bytes = max(self.peak_bytes, resident)
        self.peak_anonymous_bytes = max(self.peak_anonymous_bytes, anonymous)


def below(root: int) -> dict[int, list[str]]:
    """The fields of `stat` after the name, from the state on, of every process under this one."""
    found: dict[int, list[str]] = {}
    for place in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found[int(place.name)] = (place / "stat").read_bytes().rpartition(b") ")[2].decode().split()
    inside = {root}
    while True:
        more = {pid for pid, fields in found.items() if int(fields[1]) in inside} - inside
        if not more:
            return {pid: found[pid] for pid in inside - {root}}
        inside |= more


def _end_all() -> None:
    """Kill what the command has left behind, and wait for it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = below(os.getpid())
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.02)


def main(command: list[str]) -> int:
    """Run it; its standard output is passed on as text."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    watch = Watch()
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        said = child.communicate()[0]
    wall_s = time.perf_counter() - began
    watch.stop()
    watch.look()
    _end_all()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "code": child.returncode,
        "said": said.decode(errors="replace"),
        "wall_s": wall_s,
        "cpu_s": max(used.ru_utime + used.ru_stime, watch.cpu_s),
        "peak_bytes": max(used.ru_maxrss * 1024, watch.peak_bytes),
        "peak_anonymous_bytes": watch.peak_anonymous_bytes,
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
