"""Runs a function under the limits of each memory size: cold starts, warm requests, memory, and its death."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from packager.benchmark.cold import answered
from packager.benchmark.subject import Check
from packager.errors import BenchmarkError
from packager.runtime_api import Function, Instance, running
from packager.tools import Progress
from packager.tuning import cgroups

PAUSE_S = cgroups.PERIOD_US / 1e6
"""Requests come one by one: each finds a whole period of its CPU share, as after a moment of rest."""
INIT_S = 10
"""Lambda's limit of the init phase, which comes before a request's own."""
_WARM_S = 2.0
_LEAST_WARM = 3
_SPIN_MS, _SPIN_MB = 50.0, 512
# A share that the kernel does not enforce lets the spin end far too soon; a busy machine, far too late.
_REAL = (0.7, 1.5)


@dataclass(frozen=True, slots=True)
class Trial:
    """What is run, and how often: fresh processes for each size, and warm requests to each of them.

    ``check`` judges the first answer; every other one must be equal to it.
    """

    function: Function
    event: bytes
    check: Check
    timeout_s: int
    rounds: int = 5
    requests: int = 20


@dataclass(slots=True)
class Seen:
    """What was seen of the function at one memory size; ``cpu_ms`` is of warm requests."""

    memory_mb: int
    cold_ms: list[float] = field(default_factory=list)
    cold_cpu_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)
    warm_cpu_ms: list[float] = field(default_factory=list)
    peak_memory_bytes: int = 0
    threads: int = 0
    out_of_memory: bool = False
    failure: str | None = None
    """Why there are no times: it took longer than its time-out."""

    @property
    def ended(self) -> bool:
        """Whether it is of no use to start it again at this size."""
        return self.out_of_memory or self.failure is not None


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def measure(trial: Trial, sizes: Sequence[int], say: Progress, *, limits: bool = True) -> dict[int, Seen]:
    """Run the function at each size, the sizes one after the other in each round.

    Being killed for its memory is a finding, as is no answer in time; any other failure is a BenchmarkError.
    Without ``limits`` the sizes are only what the function is told.
    """
    seen = {memory_mb: Seen(memory_mb) for memory_mb in sizes}
    expected: bytes | None = None
    for number in range(trial.rounds):
        # The largest first: it has the memory for the answer that the others are held to.
        for memory_mb in sorted(sizes, reverse=True):
            if not seen[memory_mb].ended:
                say(f"round {number + 1} of {trial.rounds}: {memory_mb} MB")
                expected = _Run(trial, memory_mb, expected).once(seen[memory_mb], limits=limits)
    return seen


@dataclass(frozen=True, slots=True)
class _Run:
    """One fresh process: its cold start, then its warm requests. ``expected`` is None for the very first."""

    trial: Trial
    memory_mb: int
    expected: bytes | None

    def once(self, seen: Seen, *, limits: bool) -> bytes | None:
        """Add to what was seen; returns the answer that the next must give, too."""
        function = replace(self.trial.function, memory_mb=self.memory_mb)
        with _limits(self.memory_mb, limits) as group:
            began = time.monotonic()
            try:
                with running(function, prepare=group.enter if group else None) as instance:
                    return self._ask(instance, seen, group.entering_ms if group else 0.0)
            except BenchmarkError:
                if group is not None and group.out_of_memory:
                    seen.out_of_memory = True
                elif time.monotonic() - began >= self.trial.timeout_s:
                    seen.failure = f"no answer within its time-out of {self.trial.timeout_s} s"
                else:
                    raise
        return self.expected

    def _ask(self, instance: Instance, seen: Seen, entering_ms: float) -> bytes:
        reply = answered(instance, self.trial.event, self.expected, self.trial.timeout_s + INIT_S)
        if self.expected is None:
            self.trial.check(reply.body)
        cpu_ms = cpu_time_ms(instance.process.pid)
        cold_ms = (reply.answered_ns - instance.began_ns) / 1e6 - entering_ms
        warm = list(self._warm(instance, reply.body))
        seen.cold_ms.append(cold_ms)
        seen.cold_cpu_ms.append(cpu_ms)
        seen.warm_ms += [wall_ms for wall_ms, _ in warm]
        seen.warm_cpu_ms += [taken_ms for _, taken_ms in warm]
        seen.peak_memory_bytes = max(seen.peak_memory_bytes, instance.peak_memory_bytes())
        seen.threads = max(seen.threads, instance.threads())
        return reply.body

    def _warm(self, instance: Instance, expected: bytes) -> Iterator[tuple[float, float]]:
        """Requests one by one; slow ones are fewer."""
        deadline = time.monotonic() + _WARM_S
        for number in range(self.trial.requests):
            if number >= _LEAST_WARM and time.monotonic() > deadline:
                return
            time.sleep(PAUSE_S)
            before_ms = cpu_time_ms(instance.process.pid)
            reply = answered(instance, self.trial.event, expected, self.trial.timeout_s)
            taken_ms = cpu_time_ms(instance.process.pid) - before_ms
            yield (reply.answered_ns - reply.given_ns) / 1e6, taken_ms


@contextmanager
def _limits(memory_mb: int, wanted: bool) -> Iterator[cgroups.Group | None]:
    if not wanted:
        yield None
        return
    with cgroups.limited(memory_mb) as group:
        yield group


def cpu_time_ms(pid: int) -> float:
    """The time on processors that a process has had, with its threads that have ended."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e6  # as clock_getcpuclockid(3) names its clock


def false_share() -> str | None:
    """Spin for a known CPU time under the share of 512 MB; None where that took as long as it should."""
    code = f"import time\nwhile time.process_time() < {_SPIN_MS / 1000}: pass\n"
    command = [sys.executable, "-I", "-S", "-c", code]
    wanted_ms = _SPIN_MS / cgroups.cpu_share(_SPIN_MB)
    with cgroups.limited(_SPIN_MB) as group:
        began = time.perf_counter()
        subprocess.run(command, preexec_fn=group.enter, check=True)
        taken_ms = (time.perf_counter() - began) * 1000 - group.entering_ms
    least, most = _REAL
    if least * wanted_ms <= taken_ms <= most * wanted_ms:
        return None
    why = (
        "the CPU share is not real here"
        if taken_ms < wanted_ms
        else "this machine is busy, so times are long"
    )
    spun = f"{_SPIN_MS:.0f} ms of work under {_SPIN_MB} MB took {taken_ms:.0f} ms instead of {wanted_ms:.0f}"
    return f"{why}: {spun}"
