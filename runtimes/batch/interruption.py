"""SIGTERM and SIGINT: the main thread stops where it is, and every other thread at its next batch."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from runtimes.batch.errors import INTERRUPTED, InterruptedJobError

_PATIENCE_S = 8.0
"""After a signal the process ends within this time, whatever its threads wait for."""


class Stopped(BaseException):
    """Raised in the main thread by a signal: as with KeyboardInterrupt, nobody takes it for a failure."""


class Interruption:
    """Whether the job is to end now. Engines and pipelines ask it; a signal sets it."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._signal = ""

    def catch_signals(self) -> None:
        """From here on a signal interrupts the job: the main thread waits for nothing any longer."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.interrupt)

    def check(self) -> None:
        """Raise InterruptedJobError when a signal came."""
        if self.event.is_set():
            raise self.error()

    def error(self) -> InterruptedJobError:
        """What ends an interrupted job."""
        return InterruptedJobError(
            f"interrupted by {self._signal or 'a signal'}; what is done stays done",
            "start the same command again: it goes on from there",
        )

    def interrupt(self, number: int, _frame: FrameType | None = None) -> None:
        """What a signal does: nobody waits any longer, and the main thread leaves."""
        first = not self.event.is_set()
        self._signal = signal.Signals(number).name
        self.event.set()
        if first:  # a second signal must not break off what the first one is cleaning up
            end = threading.Timer(_PATIENCE_S, os._exit, (INTERRUPTED,))
            end.daemon = True
            end.start()
            raise Stopped
