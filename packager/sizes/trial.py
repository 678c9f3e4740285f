"""How a function is tried with and without some of its files; an artifact of packager is replayed."""

import json
from pathlib import Path
from typing import Protocol

from packager.trimming import replay


class Trial(Protocol):
    """A way to prove that a function is what it was. ``strong`` ones send it real requests."""

    strong: bool

    @property
    def proof(self) -> str:
        """What was held to be the same, for a report."""

    @property
    def reached(self) -> frozenset[str] | None:
        """The files that the function opened, below its code; None where that is not known."""

    def differs(self, code: Path) -> str | None:
        """What the function in ``code`` does otherwise; None when it does the same."""


class NotRunError(Exception):
    """The function does not run here as it is, so nothing can be proven by running it."""


class ByReplay:
    """Replays an artifact of packager: its golden inputs, its example events, every route."""

    strong = True

    def __init__(self, code: Path, artifact: Path, python: Path) -> None:
        """Run it as it is."""
        events = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((artifact / "events").glob("*.json"))
        }
        self._requests = replay.Requests(events, (artifact / "golden.json").read_bytes())
        self._python = python
        self._before = replay.replay(code, self._requests, python)
        self.reached: frozenset[str] | None = None

    @property
    def proof(self) -> str:
        """What was compared."""
        return f"{len(self._before)} answers of the replay are the same, byte for byte"

    def differs(self, code: Path) -> str | None:
        """What is answered otherwise."""
        return replay.compare(self._before, code, self._requests, self._python)
