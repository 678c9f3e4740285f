"""Keeps what a search has tried on disk, so that one that was killed goes on where it was.

One JSON line for each trial, written when the trial has ended and its model file lies beside it.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter

from packager.errors import PackagerError
from packager.optimized import Candidate
from packager.passes import LayerError

FOLDER = ".optimization"
_LINES = "journal.jsonl"
_MODELS = "models"
_CANDIDATE = TypeAdapter(Candidate)
_LAYERS = TypeAdapter(tuple[LayerError, ...])


@dataclass(frozen=True, slots=True)
class Trial:
    """A lineage as it was tried. ``model``: the folder of its files, by name; None where none was made.
    ``engine_why``: the reason for its engine."""

    key: str
    candidate: Candidate
    model: str | None = None
    engine_why: str = ""


class Journal:
    """The record of one search, whose key says what was asked of which model."""

    def __init__(self, folder: Path, search_key: str) -> None:
        """Go on with the search of that key beneath ``folder``; what other searches left there is removed.

        PackagerError where one of them is still running.
        """
        for left in folder.glob("*"):
            if left.name != search_key:
                _opened(left / _LINES).close()
                shutil.rmtree(left, ignore_errors=True)
        self.folder = folder / search_key
        self.models = self.folder / _MODELS
        self.models.mkdir(parents=True, exist_ok=True)
        self._file = _opened(self.folder / _LINES)
        self._trials: dict[str, Trial] = {}
        self._layers: dict[str, tuple[LayerError, ...]] = {}
        for row in _rows(self._file):
            self._take(row)
        self.resumed = len(self._trials)

    def trial(self, key: str) -> Trial | None:
        """What is known of that lineage; nothing where its model file is gone."""
        known = self._trials.get(key)
        if known is None or known.model is None or (self.models / known.model).is_dir():
            return known
        return None

    def layers(self, key: str) -> tuple[LayerError, ...] | None:
        """The layers of that lineage's last pass, the worst first."""
        return self._layers.get(key)

    def add(self, trial: Trial) -> None:
        """Write down a trial that has ended."""
        self._trials[trial.key] = trial
        self._write({"trial": asdict(trial)})

    def add_layers(self, key: str, layers: tuple[LayerError, ...]) -> None:
        """Write down which layers suffer most: to find it out takes as long as a trial."""
        self._layers[key] = layers
        self._write({"layers": [asdict(layer) for layer in layers], "key": key})

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to go on with."""
        return bool(self._trials)

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def leave(self) -> None:
        """As it is, for whoever goes on; what holds no trial is removed."""
        if self.has_begun:
            self.close()
        else:
            self.remove()

    def remove(self) -> None:
        """Nothing is left to go on with, and of the folders above none that it alone was in."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        for above in (self.folder.parent, self.folder.parent.parent):
            if above.is_dir() and not any(above.iterdir()):
                above.rmdir()

    def _write(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _take(self, row: dict[str, Any]) -> None:
        if "trial" in row:
            said = row["trial"]
            candidate = _CANDIDATE.validate_python(said["candidate"])
            self._trials[said["key"]] = Trial(said["key"], candidate, said["model"], said["engine_why"])
        else:
            self._layers[row["key"]] = _LAYERS.validate_python(row["layers"])


def _opened(path: Path) -> IO[bytes]:
    file = path.open("a+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise PackagerError(
            f"another search works in {path.parent.parent}",
            "wait for it, or name another folder with --output",
        ) from error
    return file


def _rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Every whole line. What a kill or a loss of power has torn is cut off with all that follows, so that the
    next one begins a line."""
    file.seek(0)
    end = 0
    for line in file.read().splitlines(keepends=True):
        try:
            row = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            row = None
        if row is None:
            file.truncate(end)
            return
        end += len(line)
        yield row
