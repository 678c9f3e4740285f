"""An update, from the first look at the source to the version that is good: one straight function.

Whatever fails, what serves goes on serving, and an `UpdateError` says why. Each step leaves the disk so that
the next run, after whatever ended this one, finds a whole version in `current` and goes on.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from edge.update import machine
from edge.update.contents import Contents, read_contents
from edge.update.errors import DamagedError, NoSpaceError, NothingNewError, RefusedError, UnfitError
from edge.update.home import other, told
from edge.update.recovery import recover
from edge.update.room import make_plan
from edge.update.slots import assemble, install
from edge.update.state import Installed, Refusal, State, load_state, read_origin, write_state
from edge.update.transfer import Transfer, keep_only
from edge.update.trial import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.update.home import Home
    from edge.update.release import TrustedRelease
    from edge.update.source import Source
    from edge.update.trial import Watch


class Settings(NamedTuple):
    """How an update goes about it. ``again`` tries what was refused before."""

    watch: Watch
    say: Callable[[str], object]
    transfer_s: float = 3600.0
    again: bool = False
    repairing: bool = False
    """The version that serves is damaged: the release that it came with is brought once more, too."""


def update(home: Home, source: Source, settings: Settings) -> State:
    """Bring the newest release and let it serve; an `UpdateError` where there is none, or it may not."""
    with told(), home.locked():
        state, settings = _recover(home, settings)
        if state.trial is not None:
            settings.say(f"release {state.trial.number} is on trial: its health is looked at first")
            state = watch(home, state, settings.watch)
        release = _newest(home, state, source, settings)
        if release.number > state.highest:
            state = write_state(home, state._replace(highest=release.number))
        settings.say(f"release {release.number} ({release.version}) follows {state.good.number}")
        try:
            state = _prepare(home, state, release, source, settings)
        except UnfitError as error:
            _refuse(home, release, error.message)
            raise
        except (NoSpaceError, OSError):
            _make_room(home)
            raise
        home.switch(other(state.good.slot))
        settings.say(f"release {release.number} serves; its health is watched")
        return watch(home, state, settings.watch)


def _recover(home: Home, settings: Settings) -> tuple[State, Settings]:
    """The state, and how to go on from it: what nothing on this device can put right, a release can."""
    try:
        return recover(home, starting=False), settings
    except DamagedError as error:
        settings.say(error.message)
        return load_state(home)._replace(previous=None), settings._replace(again=True, repairing=True)


def _newest(home: Home, state: State, source: Source, settings: Settings) -> TrustedRelease:
    """The release to go to: for this device, not behind any that was trusted, not refused before."""
    release = source.newest(state.name, state.device, time.time())
    if (release.name, release.device) != (state.name, state.device):
        raise RefusedError(
            f"the release is of {release.name} for {release.device}; this device has {state.name} for "
            f"{state.device}"
        )
    if release.number < state.highest:
        raise RefusedError(
            f"the source offers release {release.number}, which is older than release {state.highest} that "
            "this device has seen: it is out of date, or someone wants an old version back"
        )
    if release.number == state.good.number and not settings.repairing:
        _check_same(home, state.good, release)
        raise NothingNewError(f"release {release.number} ({release.version}) is the newest, and it serves")
    refused = state.refused
    if refused is not None and refused.number == release.number and not settings.again:
        raise RefusedError(
            f"release {release.number} was refused before; --again tries it once more. It was: {refused.why}"
        )
    return release


def _check_same(home: Home, good: Installed, release: TrustedRelease) -> None:
    """A repository that goes on from an old copy of itself gives a number to another bundle."""
    origin = read_origin(home, good.slot)
    if origin is not None and origin.manifest_sha256 != release.manifest_sha256:
        raise RefusedError(
            f"the source offers another bundle as release {release.number} than the one that serves: it goes "
            "on from an old copy of itself; release that bundle with a higher --number"
        )


def _prepare(home: Home, state: State, release: TrustedRelease, source: Source, settings: Settings) -> State:
    """Bring the new bundle, prove it, and put it into the free slot: on trial, but not yet serving."""
    transfer = Transfer(home, source, settings.transfer_s)
    contents = _fetch_contents(release, transfer)
    machine.check_fit(contents, machine.look())
    keep_only(home, {entry.sha256 for entry in contents.files} | {release.manifest_sha256})
    state, plan = make_plan(home, state, contents, transfer)
    blobs = {digest: transfer.bring(digest, size) for digest, size in sorted(plan.missing.items())}
    settings.say(f"{transfer.fetched_bytes} bytes were transferred of {contents.total_bytes}")
    assemble(home, contents, release, {**plan.reusable, **blobs})
    settings.watch.prove(home.assembly, contents)
    slot = other(state.good.slot)
    trial = Installed(slot, release.number, release.version)
    state = state._replace(trial=trial, previous=None)
    state = write_state(home, state.noting("installed", release.number, release.version))
    install(home, slot)
    keep_only(home, set())
    return state


def _fetch_contents(release: TrustedRelease, transfer: Transfer) -> Contents:
    """The manifest that the release names, as it was signed, and of the same model and device."""
    path = transfer.bring(release.manifest_sha256, release.manifest_bytes)
    with open(path, "rb") as file:
        contents = read_contents(file.read())
    for what, stated, found in (
        ("name", release.name, contents.name),
        ("device", release.device, contents.device.name),
        ("version", release.version, contents.version),
    ):
        if stated != found:
            raise UnfitError(f"release.json names the {what} {stated!r}, and its manifest {found!r}")
    if contents.total_bytes > release.total_bytes:
        raise UnfitError(
            f"the manifest lists {contents.total_bytes} bytes; the release has {release.total_bytes}"
        )
    return contents


def _refuse(home: Home, release: TrustedRelease, why: str) -> None:
    """Not to be tried again: and what was brought of it goes."""
    home.disk.clear(home.assembly)
    keep_only(home, set())
    state = load_state(home)._replace(refused=Refusal(release.number, why))
    write_state(home, state.noting("refused", release.number, release.version, why))


def _make_room(home: Home) -> None:
    """Give back what this update has taken, as far as the disk lets it."""
    with contextlib.suppress(OSError):
        home.disk.clear(home.assembly)
        keep_only(home, set())
