"""The switch to a new version, the time in which it must show its health, and the way back."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from edge.update.errors import RefusedError, RolledBackError, UnfitError, UpdateError
from edge.update.home import told
from edge.update.proof import run
from edge.update.slots import find_damage, read_bundle
from edge.update.state import Refusal, State, write_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.update.contents import Contents
    from edge.update.home import Home

_COMMAND_LIMIT_S = 120.0


class Watch(NamedTuple):
    """How a version shows that it is good: ``prove`` runs its golden inputs, and again for ``health_s``.

    ``health_command`` is a shell command of the device's owner, run after each of them; ``restart_command``
    tells whatever holds the model open that it has changed.
    """

    prove: Callable[[str, Contents], None]
    health_s: float = 0.0
    every_s: float = 10.0
    health_command: str | None = None
    restart_command: str | None = None


def watch(home: Home, state: State, watched: Watch) -> State:
    """See the trial through: it is good at the end, or RolledBackError says why it is not and what serves."""
    trial = state.trial
    if trial is None:
        raise UpdateError("no version is on trial")
    why = _run_command(home, watched.restart_command, "--restart-command") or _observe(home, watched)
    if why is None:
        return confirm(home, state)
    go_back(home, state, why)
    again = _run_command(home, watched.restart_command, "--restart-command")
    raise RolledBackError(
        f"release {trial.number} ({trial.version}) was switched to and failed: {why}; "
        f"{state.good.number} ({state.good.version}) serves again" + (f"; but {again}" if again else "")
    )


def confirm(home: Home, state: State) -> State:
    """The version on trial is the good one from now on, and the one before it is kept for a way back."""
    trial = state.trial
    if trial is None:
        raise UpdateError("no version is on trial: there is nothing to confirm")
    good = trial._replace(starts=0)
    # The same number again: the release replaces a version that was damaged.
    previous = state.good if state.good.number != good.number else None
    state = state._replace(good=good, previous=previous, trial=None, refused=None)
    return write_state(home, state.noting("good", good.number, good.version))


def go_back(home: Home, state: State, why: str) -> State:
    """The last good version serves again, and the one on trial is not tried again.

    `current` follows the state: where power goes between the two, the next start puts it right. A disk that
    takes no state is no reason to stay with what failed.
    """
    trial = state.trial
    if trial is not None:
        state = state._replace(trial=None, refused=Refusal(trial.number, why))
        state = state.noting("went back", trial.number, trial.version, why)
    try:
        return write_state(home, state)
    finally:
        home.switch(state.good.slot)


def roll_back(home: Home, state: State, watched: Watch) -> State:
    """By hand: from a trial to the good version, else from the good one to the one before it."""
    if state.trial is not None:
        state = go_back(home, state, "rolled back by hand")
    else:
        state = _to_previous(home, state, watched)
    why = _run_command(home, watched.restart_command, "--restart-command")
    if why:
        raise UpdateError(f"{state.good.number} ({state.good.version}) serves again; but {why}")
    return state


def _to_previous(home: Home, state: State, watched: Watch) -> State:
    previous = state.previous
    if previous is None:
        good = state.good
        raise UpdateError(f"this device has no version to go back to from {good.number} ({good.version})")
    root = home.slot(previous.slot)
    damage = find_damage(root)
    if damage:
        raise UpdateError(f"{previous.number} ({previous.version}) cannot serve again: {damage}")
    try:
        watched.prove(root, read_bundle(root))
    except UnfitError as error:
        raise UpdateError(f"{previous.number} cannot serve again: {error.message}") from None
    left = state.good
    refused = Refusal(left.number, "rolled back by hand")
    state = state._replace(good=previous, previous=None, refused=refused)
    state = write_state(home, state.noting("went back", left.number, left.version, refused.why))
    home.switch(previous.slot)
    return state


def _observe(home: Home, watched: Watch) -> str | None:
    """Why the version that serves is not healthy; None when it was for all the time."""
    ends = time.monotonic() + watched.health_s
    while True:
        root = os.path.realpath(home.current)
        try:
            watched.prove(root, read_bundle(root))
        except RefusedError as error:
            return error.message
        why = _run_command(home, watched.health_command, "--health-command")
        left = ends - time.monotonic()
        if why or left <= 0:
            return why
        time.sleep(min(watched.every_s, left))


def _run_command(home: Home, command: str | None, option: str) -> str | None:
    if not command:
        return None
    environment = {**os.environ, "EDGE_HOME": home.root}
    with told():
        why = run(["/bin/sh", "-c", command], home.root, environment, _COMMAND_LIMIT_S, None)
    return f"{option} {command!r} failed: {why}" if why else None
