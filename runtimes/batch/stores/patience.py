"""How long a store is tried, and what its tries have in common: waits that grow, with chance in them."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass

from runtimes.batch.errors import InterruptedJobError, JobError, TryAgainError
from runtimes.batch.stores import Traffic

_LEAST_TRIES = 3
_chance = random.SystemRandom()


@dataclass(frozen=True)
class Patience:
    """``budget_s``: how long one piece of work (a request, 8 MB of a download) is tried from its first try
    on. ``answer_s``: how long a connection may be silent. ``first_wait_s`` doubles up to ``longest_wait_s``.
    ``first_answer_s``: the budget as long as the store never answered.
    """

    budget_s: float = 120.0
    answer_s: float = 20.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 15.0
    first_answer_s: float = 30.0


def patience_of_environment() -> Patience:
    """PACKAGER_S3_RETRY_S and PACKAGER_S3_TIMEOUT_S, where they are set."""
    usual = Patience()
    return Patience(
        budget_s=_seconds("PACKAGER_S3_RETRY_S", usual.budget_s, 0),
        answer_s=_seconds("PACKAGER_S3_TIMEOUT_S", usual.answer_s, 0.05),
    )


class Tries:
    """The tries of one piece of work."""

    def __init__(self, patience: Patience, traffic: Traffic, stopping: threading.Event) -> None:
        self._patience = patience
        self._traffic = traffic
        self._stopping = stopping
        self._until = time.monotonic() + patience.budget_s
        self._waits = 0
        self.failed = 0

    def progressed(self) -> None:
        """The work went on a good deal before it failed: the next wait is a short one."""
        self._waits = 0

    def again(self, error: JobError) -> None:
        """Wait, and return for another try; or raise the error where another is in vain, or patience ends."""
        if not isinstance(error, TryAgainError):
            raise error
        self.failed += 1
        wait = min(self._patience.longest_wait_s, self._patience.first_wait_s * 2**self._waits)
        wait *= _chance.uniform(0.5, 1.0)
        if self.failed >= _LEAST_TRIES and time.monotonic() + wait > self._until:
            raise TryAgainError(f"{error.message}; given up after {self.failed} tries", error.hint)
        self._waits += 1
        self._traffic.add(retries=1)
        if self._stopping.wait(wait):
            raise InterruptedJobError(
                f"interrupted while trying again: {error.message}", "start the same command again"
            )


def _seconds(name: str, usual: float, least: float) -> float:
    text = os.environ.get(name, "")
    if not text:
        return usual
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not least <= seconds < 1e6:
        raise JobError(
            f"{name} is {text!r}, which is no number of seconds", f"set it to {usual:g}, or unset it"
        )
    return seconds
