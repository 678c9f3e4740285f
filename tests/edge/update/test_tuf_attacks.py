"""Attacks over HTTP: each is refused with its reason, the old version answers, and then updates go on."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.update.errors import RefusedError, UnreachableError, UpdateError
from packager.release import roles
from packager.release.publish import publish
from tests.edge.update import server as lies
from tests.edge.update.releases import DEVICE, NAME, make_bundle, serving_version
from tests.edge.update.repositories import PATIENT_S, SLOW_S, Stage, make_key, make_origin, staged

DAY_S = 86400.0
Attack = Callable[[Stage], None]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_origin(tmp_path_factory.mktemp("origin") / "stage")


@pytest.fixture
def stage(origin: Path, tmp_path: Path) -> Iterator[Stage]:
    """Release 2 is there, and the device has release 1."""
    with staged(origin, tmp_path / "stage") as stage:
        stage.release(2)
        yield stage


def show(stage: Stage, number: int) -> None:
    """The repository as it was after that release; blobs and older files stay."""
    for path, body in stage.seen[number].items():
        stage.web.lie(path, lies.gives(body))


def downgrade(stage: Stage) -> None:
    """An old list, to a device that has lost what it had seen of the lists."""
    stage.update()
    stage.release(3)
    for name in ("timestamp.json", "snapshot.json", "targets.json"):
        Path(stage.home.metadata, name).unlink()
    show(stage, 1)


def replay(stage: Stage) -> None:
    """An old list, to a device that has seen a newer one."""
    stage.update()
    stage.release(3)
    show(stage, 1)


def freeze(stage: Stage) -> None:
    """The same list for longer than it is good for."""
    stage.clock_s = 31 * DAY_S


def expired_root(stage: Stage) -> None:
    """Everything is a year old."""
    stage.clock_s = 366 * DAY_S


def mixed_snapshot(stage: Stage) -> None:
    """The newest timestamp with the snapshot of an older one."""
    newest = newest_of(stage, "snapshot")
    stage.web.lie(f"metadata/{newest}.snapshot.json", lies.gives(body_of(stage, newest - 1, "snapshot")))


def mixed_targets(stage: Stage) -> None:
    """The newest snapshot with the list of an older one."""
    newest = newest_of(stage, "targets")
    stage.web.lie(f"metadata/{newest}.targets.json", lies.gives(body_of(stage, newest - 1, "targets")))


def mixed_release(stage: Stage) -> None:
    """The newest list with the `release.json` of an older one."""
    stage.web.lie(
        "targets/*", lies.gives(next(old for path, old in stage.seen[1].items() if "targets/" in path))
    )


def mixed_manifest(stage: Stage) -> None:
    """The newest release with the manifest of an older one."""
    manifest = (stage.bundle(1) / "manifest.json").read_bytes()
    stage.web.lie(f"blobs/{manifest_of(stage, 2)}", lies.gives(manifest))


def mixed_model(stage: Stage) -> None:
    """The newest manifest with the model of an older one."""
    model = (stage.bundle(1) / "model" / "model.tiny").read_bytes()
    stage.web.lie(f"blobs/{model_of(stage, 2)}", lies.gives(model))


def other_device(stage: Stage) -> None:
    """The release of another device, listed as this one's: signed by mistake."""
    place = stage.folder / "other"
    device = json.loads((stage.bundle(3) / "manifest.json").read_text())["device"]
    publish(make_bundle(place, 3, device={**device, "name": "other"}), stage.repo, stage.keys)
    state = roles.read(stage.repo)
    assert state is not None
    listed = state.targets.signed.targets
    wrong = listed[f"{NAME}/{DEVICE}/release.json"] = listed[f"{NAME}/other/release.json"]
    named = f"{wrong.hashes['sha256']}.release.json"
    shutil.copy(
        stage.repo / "targets" / NAME / "other" / named, stage.repo / "targets" / NAME / DEVICE / named
    )
    now = datetime.now(UTC)
    roles.sign_targets(state, (stage.keys.key,), now)
    roles.sign_online(state, (stage.keys.key,), now, 30)


def wrong_key(stage: Stage) -> None:
    """A whole repository, signed by somebody else."""
    foreign = stage.folder / "foreign"
    publish(stage.bundle(2), foreign, make_key(stage.folder / "foreign.pem"), number=9)
    for path in foreign.rglob("*"):
        if path.is_file():
            stage.web.lie(path.relative_to(foreign).as_posix(), lies.gives(path.read_bytes()))


def changed(pattern: str) -> Attack:
    """One byte of these files is another: the first of the date, where there is one."""

    def change(answer: lies.Answering, body: bytes) -> None:
        later = body.replace(b'"expires": "2', b'"expires": "3')
        answer.send(200, later if later != body else body[:-1] + b"!")

    return lambda stage: stage.web.lie(pattern, change)


def lying(pattern: str, lie: lies.Lie) -> Attack:
    """These files are answered so."""
    return lambda stage: stage.web.lie(pattern, lie)


def slow(pattern: str, lie: lies.Lie) -> Attack:
    """And whoever waits for them has little time."""

    def attack(stage: Stage) -> None:
        stage.piece_s = SLOW_S
        stage.web.lie(pattern, lie)

    return attack


def rotation_by_a_stranger(stage: Stage) -> None:
    """A next root, signed by its own key alone."""
    foreign = stage.folder / "foreign"
    publish(stage.bundle(2), foreign, make_key(stage.folder / "foreign.pem"))
    root = json.loads((foreign / "metadata" / "1.root.json").read_bytes())
    root["signed"]["version"] = 2
    stage.web.lie("metadata/2.root.json", lies.gives(json.dumps(root).encode()))


def rotation_that_skips(stage: Stage) -> None:
    """A next root that is the one of today."""
    stage.web.lie("metadata/2.root.json", lies.gives((stage.repo / "metadata" / "1.root.json").read_bytes()))


def clock_of_1970(stage: Stage) -> None:
    """The device has no battery, and has not heard the time yet."""
    stage.clock_s = -time.time()


ATTACKS: dict[str, tuple[Attack, type[UpdateError], str]] = {
    "downgrade": (downgrade, RefusedError, "older than release 2 that this device has seen"),
    "replay": (replay, RefusedError, "older than what this device has seen"),
    "expired metadata (freeze)": (freeze, RefusedError, "its timestamp expired at .* clock says"),
    "expired root": (expired_root, RefusedError, "its root expired at"),
    "mix-and-match: snapshot": (mixed_snapshot, RefusedError, "do not belong together"),
    "mix-and-match: targets": (mixed_targets, RefusedError, "do not belong together"),
    "mix-and-match: release": (mixed_release, RefusedError, "do not belong together"),
    "mix-and-match: manifest": (mixed_manifest, RefusedError, "holds something else|should have"),
    "mix-and-match: model": (mixed_model, RefusedError, "holds something else|should have"),
    "wrong device": (
        other_device,
        RefusedError,
        "is of iris for other; this device has iris for test",
    ),
    "wrong key": (wrong_key, RefusedError, "not signed by the keys that this device trusts"),
    "changed list": (changed("metadata/*.targets.json"), RefusedError, "do not belong together"),
    "changed timestamp": (changed("metadata/timestamp.json"), RefusedError, "not signed by|something else"),
    "changed file": (changed("blobs/*"), RefusedError, "holds something else"),
    "truncated file": (lying("blobs/*", lies.breaks_off(100)), UnreachableError, "broke off"),
    "truncated list": (lying("metadata/*.targets.json", lies.breaks_off(9)), UnreachableError, "broke off"),
    "cut list": (
        lying("metadata/timestamp.json", lies.gives(b'{"sig')),
        RefusedError,
        "something else in place",
    ),
    "endless file": (lying("blobs/*", lies.endless), RefusedError, "more of a file than was signed"),
    "endless list": (lying("metadata/timestamp.json", lies.endless), RefusedError, "longer than it may be"),
    "endless root": (lying("metadata/2.root.json", lies.endless), RefusedError, "longer than it may be"),
    "slow drip of a file": (slow("blobs/*", lies.dripping), UnreachableError, "too slow"),
    "slow drip of a list": (slow("metadata/timestamp.json", lies.dripping), UnreachableError, "too slow"),
    "slow drip of headers": (slow("metadata/*", lies.dripping_head), UnreachableError, "too slow"),
    "wrong length": (lying("blobs/*", lies.says_length(7)), RefusedError, "has 7 bytes and should have"),
    "nothing there": (lying("*", lies.status(404)), UnreachableError, "answers 404: is .* the address"),
    "a server in trouble": (lying("*", lies.status(500)), UnreachableError, "answers 500"),
    "redirects in a circle": (
        lying("blobs/*", lies.leads_to("/blobs/a")),
        UnreachableError,
        "leads to other",
    ),
    "a portal's page": (lying("metadata/*", lies.gives(b"<html>")), RefusedError, "something else in place"),
    "a root by a stranger": (rotation_by_a_stranger, RefusedError, "not signed by the keys"),
    "a root that skips": (rotation_that_skips, RefusedError, "older than what this device has seen"),
    "a clock of 1970": (clock_of_1970, UpdateError, "clock says 1970-01-01 .* set the clock"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_refuses_and_goes_on_serving(stage: Stage, name: str) -> None:
    attack, kind, said = ATTACKS[name]
    attack(stage)
    before = serving_version(stage.home)
    with pytest.raises(kind, match=said):
        stage.update()
    assert serving_version(stage.home) == before
    stage.web.honest()
    stage.clock_s, stage.piece_s = 0, PATIENT_S
    newest = stage.release(3)
    state = stage.update()
    assert (state.good.number, state.refused, state.trial) == (newest.number, None, None)
    assert serving_version(stage.home) == newest.version != before


def newest_of(stage: Stage, role: str) -> int:
    names = (stage.repo / "metadata").glob(f"*.{role}.json")
    return max(int(path.name.partition(".")[0]) for path in names)


def body_of(stage: Stage, version: int, role: str) -> bytes:
    return (stage.repo / "metadata" / f"{version}.{role}.json").read_bytes()


def manifest_of(stage: Stage, number: int) -> str:
    return hashlib.sha256((stage.bundle(number) / "manifest.json").read_bytes()).hexdigest()


def model_of(stage: Stage, number: int) -> str:
    document = json.loads((stage.bundle(number) / "manifest.json").read_text())
    return str(document["files"]["model/model.tiny"]["sha256"])
