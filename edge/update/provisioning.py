"""The first bundle of a device: `init` makes a home with it, and with what later releases are checked by."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from edge.update import machine
from edge.update.contents import Contents
from edge.update.disk import Disk
from edge.update.errors import UpdateError
from edge.update.home import SLOTS, told
from edge.update.plain import read_key
from edge.update.release import TrustedRelease, check_name
from edge.update.slots import assemble, find_damage, install, read_bundle
from edge.update.state import Installed, State, load_state, write_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.update.home import Home

_KEY, _ROOT = "release.pub", "root.json"
_MAX_ROOT_BYTES = 512 * 1024


def init(home: Home, bundle: str, trust: str, number: int, prove: Callable[[str, Contents], None]) -> State:
    """Put a bundle into slot a and let it serve. `current` comes last: without it there is no home yet."""
    contents = _check(bundle)
    keys = _read_trust(trust)
    with told():
        os.makedirs(home.root, exist_ok=True)
        _claim(home)
        with home.locked():
            _refuse_provisioned(home)
            _prepare(home, keys)
            assemble(home, contents, _release(contents, number), _blobs(bundle, contents), Disk.copy)
            prove(home.assembly, contents)
            install(home, SLOTS[0])
            good = Installed(SLOTS[0], number, contents.version)
            name = contents.name
            state = State(name, contents.device.name, good, None, None, None, number)
            state = write_state(home, state.noting("provisioned", number, contents.version))
            home.switch(SLOTS[0])
    return state


def _claim(home: Home) -> None:
    """Folders of these names are ours to clear where our lock lies beside them, and anybody's elsewhere."""
    lock = home.place("lock")
    if os.path.lexists(lock):
        return
    places = (home.current, home.state, home.slots, home.incoming, home.trust, home.metadata)
    foreign = [place for place in places if os.path.lexists(place)]
    if foreign:
        raise UpdateError(
            f"{foreign[0]} is there already, and {home.root} is no home of a bundle: name a folder that is "
            "empty or not there yet"
        )
    home.disk.create(lock)
    home.disk.sync(home.root)


def _refuse_provisioned(home: Home) -> None:
    """A home whose state, or a slot, tells of a bundle is updated; one that has lost both is made anew."""
    if os.path.lexists(home.current):
        try:
            load_state(home)
        except UpdateError:
            return
        raise UpdateError(f"{home.root} has a bundle already: update it with --from")


def _check(bundle: str) -> Contents:
    """The contents of a bundle that is whole and for this machine."""
    contents = read_bundle(bundle)
    check_name(contents.name, "the manifest", "name")
    check_name(contents.device.name, "the manifest", "device")
    damage = find_damage(bundle, contents)
    if damage:
        raise UpdateError(f"the bundle in {bundle} is not whole: {damage}; copy it once more")
    machine.check_fit(contents, machine.look())
    return contents


def _read_trust(folder: str) -> dict[str, bytes]:
    """What the device will check releases by: the key for folders, TUF's first root for URLs, or both."""
    found: dict[str, bytes] = {}
    with told():
        for name in (_KEY, _ROOT):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[name] = file.read(_MAX_ROOT_BYTES)
    if not found:
        raise UpdateError(f"{folder} holds neither {_KEY} nor {_ROOT}: name the trust folder of the releases")
    if _KEY in found:
        read_key(os.path.join(folder, _KEY))
    return found


def _prepare(home: Home, keys: dict[str, bytes]) -> None:
    """Folders and keys; what an init that broke off has left goes."""
    disk = home.disk
    for folder in (home.slots, home.incoming, home.trust, home.metadata):
        disk.clear(folder)
        disk.make_dir(folder)
    for name, body in keys.items():
        disk.write_new(os.path.join(home.trust, name), body)
    disk.sync(home.trust)
    disk.sync(home.root)


def _blobs(bundle: str, contents: Contents) -> dict[str, str]:
    """By digest, the bundle's own files."""
    return {entry.sha256: os.path.join(bundle, *entry.path.split("/")) for entry in contents.files}


def _release(contents: Contents, number: int) -> TrustedRelease:
    return TrustedRelease(
        name=contents.name,
        device=contents.device.name,
        number=number,
        version=contents.version,
        released="at provisioning",
        manifest_sha256=hashlib.sha256(contents.body).hexdigest(),
        manifest_bytes=len(contents.body),
        total_bytes=contents.total_bytes,
    )
