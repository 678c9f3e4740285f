"""A function started by the noting launcher: the parts of its start, and each call's own time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.benchmark.cold import answered
from packager.errors import BenchmarkError
from packager.measurement import COLD_PARTS, ColdPart
from packager.runtime_api import Function, Instance, Reply, running

_LAUNCHER = Path(__file__).with_name("launcher.py")
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the handler: its own time and the engine's in it, and what the client saw, in milliseconds.

    ``engine_ms`` is None where the function has no engine of ours.
    """

    handler_ms: float
    engine_ms: float | None
    round_trip_ms: float


class Traced:
    """A running function that tells of its start and of each call."""

    def __init__(self, instance: Instance, notes: int) -> None:
        self.instance = instance
        self._notes = notes
        self._unread = b""

    def start(self, event: bytes, expected: bytes | None) -> dict[ColdPart, float]:
        """Take the first answer; returns milliseconds by part of the start, without waits for a processor."""
        reply = answered(self.instance, event, expected)
        waited_ns = self.instance.waited_ns() or 0
        marks: list[tuple[ColdPart, int]] = []
        for word, numbers in self._read():
            if word == "ended":
                number, at_ns, waited = numbers
                marks.append((COLD_PARTS[number], at_ns - waited))
        if not marks:
            raise BenchmarkError("the function's start left no notes, so its parts are not known")
        marks.append(("first_answer", reply.answered_ns - waited_ns))
        parts: dict[ColdPart, float] = {}
        before = self.instance.began_ns
        for part, at_ns in marks:
            parts[part] = parts.get(part, 0.0) + (at_ns - before) / 1e6
            before = at_ns
        return {part: parts[part] for part in COLD_PARTS if part in parts}

    def call(self, event: bytes, expected: bytes | None) -> Call:
        """One more event, to the process as it is now."""
        reply = answered(self.instance, event, expected)
        for word, numbers in self._read():
            if word == "called":
                return _call(reply, numbers)
        raise BenchmarkError("the handler's call left no note, so its time is not known")

    def _read(self) -> Iterator[tuple[str, list[int]]]:
        """The notes that are there: the function wrote them before it answered."""
        *lines, self._unread = (self._unread + os.read(self._notes, _CHUNK)).split(b"\n")
        for line in lines:
            word, *numbers = line.decode("ascii").split()
            yield word, [int(number) for number in numbers]


@contextmanager
def traced(function: Function) -> Iterator[Traced]:
    """Start the function by the launcher that leaves notes; no file of it is changed."""
    notes, written = os.pipe()
    try:
        launcher = (str(_LAUNCHER), str(written))
        with running(function, launcher=launcher, keep_open=(written,)) as instance:
            os.close(written)
            written = -1
            os.set_blocking(notes, False)
            yield Traced(instance, notes)
    finally:
        os.close(notes)
        if written >= 0:
            os.close(written)


def _call(reply: Reply, numbers: list[int]) -> Call:
    took_ns, waited_ns, engine_ns = numbers
    return Call(
        handler_ms=(took_ns - waited_ns) / 1e6,
        engine_ms=engine_ns / 1e6 if engine_ns else None,
        round_trip_ms=(reply.answered_ns - reply.given_ns) / 1e6,
    )
