"""`state.json`: which version is good, which is on trial, what was refused. Made again where it is lost."""

from __future__ import annotations

import errno
import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from edge.update.contents import ORIGIN
from edge.update.errors import RefusedError, UpdateError
from edge.update.home import SLOTS, other
from edge.update.release import MAX_NUMBER, TrustedRelease, check_name, read_release

if TYPE_CHECKING:
    from edge.update.home import Home

SCHEMA_VERSION = 1
_MAX_BYTES = 256 * 1024
_MAX_HISTORY = 32


class Installed(NamedTuple):
    """A version in a slot; ``starts`` counts the boots of one on trial."""

    slot: str
    number: int
    version: str
    starts: int = 0


class Refusal(NamedTuple):
    """The release that is not tried again."""

    number: int
    why: str


class State(NamedTuple):
    """What the device knows of its versions. ``good`` is what it goes back to."""

    name: str
    device: str
    good: Installed
    previous: Installed | None
    trial: Installed | None
    refused: Refusal | None
    highest: int
    history: tuple[dict[str, object], ...] = ()

    def noting(self, what: str, number: int, version: str, why: str = "") -> State:
        """The same with one line more of history, and the oldest gone where there are many."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line: dict[str, object] = {"at": stamp, "what": what, "number": number, "version": version}
        if why:
            line["why"] = why[:1000]
        return self._replace(history=(*self.history, line)[-_MAX_HISTORY:])

    def document(self) -> dict[str, object]:
        """The state as JSON."""
        trial = self.trial and self.trial._asdict()
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "device": self.device,
            "good": _plain(self.good),
            "previous": self.previous and _plain(self.previous),
            "trial": trial,
            "refused": self.refused and self.refused._asdict(),
            "highest": self.highest,
            "history": list(self.history),
        }


def write_state(home: Home, state: State) -> State:
    """Put the state on the medium, whole or not at all."""
    home.disk.replace(home.state, json.dumps(state.document(), indent=1).encode() + b"\n")
    return state


def read_state(home: Home) -> State:
    """The state as it was written; ValueError with what is wrong where it was not."""
    try:
        with open(home.state, "rb") as file:
            body = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ValueError("it is not there") from None
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        raise ValueError("the disk has lost it") from None
    if len(body) > _MAX_BYTES:
        raise ValueError(f"it is longer than {_MAX_BYTES} bytes")
    try:
        return _state(json.loads(body.decode("utf-8")))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (KeyError, TypeError, RefusedError) as error:
        raise ValueError(f"it does not hold what it must ({type(error).__name__}: {error})") from None


def load_state(home: Home) -> State:
    """The state; one that is lost or damaged is made again from `current` and the slots."""
    try:
        return read_state(home)
    except ValueError as error:
        return rebuild(home, str(error))


def rebuild(home: Home, why: str) -> State:
    """The state that `current` and the slots tell of: what serves is good, nothing is on trial."""
    serving = home.serving()
    names = (serving, other(serving)) if serving else SLOTS
    found = [(slot, origin) for slot in names for origin in [read_origin(home, slot)] if origin]
    if not found:
        message = (
            f"no bundle is installed in {home.root}: `python -m edge.update init` puts the first one there"
        )
        raise UpdateError(message)
    slot, origin = found[0]
    beside = [Installed(slot, older.number, older.version) for slot, older in found[1:]]
    state = State(
        name=origin.name,
        device=origin.device,
        good=Installed(slot, origin.number, origin.version),
        previous=beside[0] if beside and beside[0].number < origin.number else None,
        trial=None,
        refused=None,
        highest=max(each.number for _, each in found),
    )
    return state.noting("rebuilt", origin.number, origin.version, f"state.json could not be read: {why}")


def read_origin(home: Home, slot: str) -> TrustedRelease | None:
    """The release that a slot was filled from; None where it says nothing that can be read."""
    try:
        with open(os.path.join(home.slot(slot), ORIGIN), "rb") as file:
            return read_release(file.read(_MAX_BYTES))
    except (OSError, RefusedError):
        return None


def _state(document: dict[str, object]) -> State:
    found = document["schema_version"]
    if found != SCHEMA_VERSION or isinstance(found, bool):
        raise ValueError(f"its schema_version is {found!r}")
    good = _installed(document["good"])
    refused = document["refused"]
    history = document["history"]
    if good is None or not isinstance(history, list) or not all(isinstance(line, dict) for line in history):
        raise ValueError("it names no good version, or its history is none")
    return State(
        name=check_name(document["name"], "it", "name"),
        device=check_name(document["device"], "it", "device"),
        good=good,
        previous=_installed(document.get("previous")),
        trial=_installed(document["trial"]),
        refused=_refusal(refused),
        highest=_number(document["highest"]),
        history=tuple(history[-_MAX_HISTORY:]),
    )


def _installed(value: object) -> Installed | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value["slot"] not in SLOTS or not isinstance(value["version"], str):
        raise ValueError(f"it names a slot as {str(value)[:60]!r}")
    return Installed(
        value["slot"], _number(value["number"]), value["version"], _number(value.get("starts", 0))
    )


def _refusal(value: object) -> Refusal | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value["why"], str):
        raise ValueError(f"it names a refusal as {str(value)[:60]!r}")
    return Refusal(_number(value["number"]), value["why"])


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"it has {str(value)[:60]!r} for a number")
    return value


def _plain(installed: Installed) -> dict[str, object]:
    return {"slot": installed.slot, "number": installed.number, "version": installed.version}
