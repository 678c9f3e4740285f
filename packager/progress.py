"""Times the steps of a build and tells a watcher about them while they run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from packager.results import StepRecord


class Watcher(Protocol):
    """Whoever wants to see a build happen: a spinner on a terminal, plain lines, or nobody."""

    def started(self, step: str) -> None:
        """A step begins."""

    def said(self, text: str) -> None:
        """What a long step is doing at this moment."""

    def finished(self, record: StepRecord) -> None:
        """A step ended well."""


class Silence:
    """A watcher for library use: it shows nothing."""

    def started(self, step: str) -> None:
        """Nothing."""

    def said(self, text: str) -> None:
        """Nothing."""

    def finished(self, record: StepRecord) -> None:
        """Nothing."""


class Step:
    """The step that is running: it may say what it does, and leave a few words for the record."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.detail = ""

    def say(self, text: str) -> None:
        """Tell the watcher what is being done now."""
        self._watcher.said(text)


class Steps:
    """The record of a build's steps, in order."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._records: list[StepRecord] = []

    @property
    def records(self) -> tuple[StepRecord, ...]:
        """The steps that have ended well so far."""
        return tuple(self._records)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run one step: it is recorded only when it ends without an error."""
        self._watcher.started(name)
        step, began = Step(self._watcher), time.monotonic()
        yield step
        record = StepRecord(name, step.detail, round(time.monotonic() - began, 3))
        self._records.append(record)
        self._watcher.finished(record)
