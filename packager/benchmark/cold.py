"""One cold start: a fresh process of the real runtime interface client, from exec to its first response."""

from collections.abc import Callable
from dataclasses import dataclass

from packager.errors import BenchmarkError
from packager.runtime_api import Function, Instance, Reply, running

TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class ColdRun:
    """Milliseconds from exec to the first response: on the wall, and without the wait for a processor.

    Where the system does not say how long a process waited, both are the same (``corrected`` is False).
    """

    wall_ms: float
    total_ms: float
    corrected: bool
    answer: bytes
    peak_memory_bytes: int
    threads: int


def cold_start(
    function: Function,
    event: bytes,
    expected: bytes | None = None,
    prepare: Callable[[], object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> ColdRun:
    """Start the function once and take its first answer, which must be ``expected`` (None: any answer).

    ``prepare`` runs in the child before it becomes the function, as to join a cgroup. Raises BenchmarkError.
    """
    with running(function, prepare=prepare) as instance:
        reply = answered(instance, event, expected, timeout_s)
        waited_ns = instance.waited_ns()
        wall_ns = reply.answered_ns - instance.began_ns
        return ColdRun(
            wall_ms=wall_ns / 1e6,
            total_ms=(wall_ns - (waited_ns or 0)) / 1e6,
            corrected=waited_ns is not None,
            answer=reply.body,
            peak_memory_bytes=instance.peak_memory_bytes(),
            threads=instance.threads(),
        )


def answered(instance: Instance, event: bytes, expected: bytes | None, timeout_s: float = TIMEOUT_S) -> Reply:
    """One event's reply; BenchmarkError when the function failed or answered otherwise than ``expected``."""
    reply = instance.invoke(event, timeout_s)
    if reply.failure is not None:
        raise BenchmarkError(
            f"{instance.name} gave no answer: {reply.failure}",
            "`packager invoke` shows all that an artifact logs; a function of others must take the --event",
            instance.last_lines(),
        )
    if expected is not None and reply.body != expected:
        raise BenchmarkError(
            f"the answer of {instance.name} is not the expected one, so its times mean nothing",
            "the event must be answered alike each time: leave out what holds the time or chance",
            (f"expected: {_shortened(expected)}", f"answered: {_shortened(reply.body)}"),
        )
    return reply


def _shortened(body: bytes) -> str:
    text = body.decode(errors="replace")
    return text if len(text) <= 600 else text[:600] + "…"
