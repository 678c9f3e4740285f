"""Puts a home right after whatever happened to it: at boot, and before every update."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge.update.byte_code import drop_damaged
from edge.update.errors import DamagedError
from edge.update.home import SLOTS, other
from edge.update.slots import find_damage
from edge.update.state import Installed, State, load_state, read_origin, read_state, write_state
from edge.update.transfer import keep_only
from edge.update.trial import go_back

if TYPE_CHECKING:
    from edge.update.home import Home

STARTS = 3
"""So often a version on trial may be started without being confirmed."""


def recover(home: Home, *, starting: bool, starts: int = STARTS) -> State:
    """The state, with `current` pointing to what it says, whole, and no half thing left on the disk.

    ``starting`` counts a start of the version on trial: at boot.
    """
    state = _settled(home)
    _clear_half(home, state)
    for slot in SLOTS:
        drop_damaged(home.disk, home.slot(slot))
    state = _whole(home, state)
    if state.trial is not None and starting:
        state = _count_start(home, state, state.trial, starts)
    if home.serving() != (state.trial or state.good).slot:
        home.switch(state.good.slot)
    return state


def _settled(home: Home) -> State:
    """The state that is on the disk, made again if need be; a trial that was never switched to is none."""
    state = load_state(home)
    try:
        unwritten = state != read_state(home)
    except ValueError:
        unwritten = True
    if state.trial is not None and home.serving() != state.trial.slot:
        state, unwritten = state._replace(trial=None), True
    return write_state(home, state) if unwritten else state


def _clear_half(home: Home, state: State) -> None:
    """Remove what an update that broke off has left; of `incoming/` what is gone on with stays."""
    disk = home.disk
    for place in (home.slots, home.incoming):
        if not os.path.isdir(place):
            disk.clear(place)
            disk.make_dir(place)
    for name in sorted(os.listdir(home.slots)):
        if name not in SLOTS:
            disk.clear(home.slot(name))
    for name in ("state.json.new", "current.new"):
        disk.clear(home.place(name))
    under_way = state.highest > state.good.number and not (
        state.refused and state.refused.number == state.highest
    )
    if not under_way:
        keep_only(home, set())


def _whole(home: Home, state: State) -> State:
    """The state with a good version that is whole: a card that has lost a file may have another version."""
    if state.trial is not None:
        damage = find_damage(home.slot(state.trial.slot))
        if damage:
            state = go_back(home, state, damage)
    damage = find_damage(home.slot(state.good.slot))
    if damage is None:
        return state
    beside = other(state.good.slot)
    origin = read_origin(home, beside)
    if origin is None or find_damage(home.slot(beside)):
        raise DamagedError(
            f"the bundle in {home.slot(state.good.slot)} is damaged ({damage}) and there is no other to go "
            "back to: `python -m edge.update --from URL|DIR` brings a whole one"
        )
    lost = state.good
    good = Installed(beside, origin.number, origin.version)
    state = state._replace(good=good, previous=None, trial=None)
    state = write_state(
        home, state.noting("went back", lost.number, lost.version, f"it was damaged: {damage}")
    )
    home.switch(beside)
    return state


def _count_start(home: Home, state: State, trial: Installed, starts: int) -> State:
    if trial.starts >= starts:
        return go_back(home, state, f"it was not confirmed after {trial.starts} starts")
    return write_state(home, state._replace(trial=trial._replace(starts=trial.starts + 1)))
