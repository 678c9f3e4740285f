"""Signs a repository anew before it expires, and hands it over to another key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import ReleaseError
from packager.release import roles, storage
from packager.release.extra import needs_extra
from packager.release.signing import Keys, Signed, another, hand_out, sign, signed
from packager.uv_program import Progress, silent

if TYPE_CHECKING:
    from packager.release.roles import Roles


@needs_extra
def refresh(repository: Path, keys: Keys, days: int = roles.SHORT_DAYS, say: Progress = silent) -> Signed:
    """Sign snapshot and timestamp anew, and root and targets where half of their time has gone and the key
    is there. For a timer, with the online key alone."""
    with storage.exclusive(repository, say, create=False):
        state, now = _existing(repository), datetime.now(UTC)
        online = [key for key in (keys.online, keys.key) if state.signs("timestamp", key)]
        if not online:
            raise another(repository, keys.online, "timestamp")
        if state.signs("targets", keys.key):
            sign(state, Keys(keys.key, online[0]), now, days, targets=False)
            hand_out(repository, state, keys.key)
        else:
            roles.list_targets(state)
            roles.sign_online(state, online[:1], now, days)
        return signed(repository, state, None)


@needs_extra
def rotate(
    repository: Path, old: Keys, new: Keys, days: int = roles.SHORT_DAYS, say: Progress = silent
) -> Signed:
    """Hand the repository over to other keys.

    The new root is signed by both, so devices follow by themselves; the lists are signed by both before it
    appears, so no device meets one that it cannot check.
    """
    with storage.exclusive(repository, say, create=False):
        state, now = _existing(repository), datetime.now(UTC)
        if not state.signs("root", old.key) and not state.signs("root", new.key):
            raise another(repository, old.key, "root")
        if state.signs("root", old.key):
            roles.sign_targets(state, (old.key, new.key), now)
            if state.signs("timestamp", old.online):
                roles.sign_online(state, (old.online, new.online), now, days)
            roles.hand_over(state, new.key, new.online)
            roles.sign_root(state, (old.key, new.key), now)
        roles.list_targets(state)
        roles.sign_online(state, (new.online,), now, days)
        hand_out(repository, state, new.key)
        return signed(repository, state, new.key)


def _existing(repository: Path) -> Roles:
    found = roles.read(repository)
    if found is None:
        raise ReleaseError(f"{repository} has no release yet", "`packager release BUNDLE` adds one")
    return found
