"""What an update from a folder refuses, and why; the old version answers meanwhile, and updates go on."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.update.errors import (
    RefusedError,
    UnfitError,
)
from edge.update.plain import Folder
from edge.update.state import read_state
from tests.edge.update.releases import (
    DEVICE,
    NAME,
    Publisher,
    Site,
    golden,
    make_bundle,
    serving_version,
    tiny_model,
    write_manifest,
)


def _tamper_release(site: Site) -> None:
    place = site.publisher.place / "release.json"
    place.write_bytes(place.read_bytes().replace(b'"number": 2', b'"number": 9'))


def _tamper_signature(site: Site) -> None:
    (site.publisher.place / "release.json.sig").write_text("not base64 at all!")


def _another_key(site: Site) -> None:
    Publisher(site.publisher.repo).release(site.bundles[2], 2)


def _older(site: Site) -> None:
    site.note_highest(5)


def _wrong_device(site: Site) -> None:
    document = site.publisher.release(site.bundles[2], 2)
    site.publisher.publish(json.dumps({**document, "device": "other-device"}).encode())


def _wrong_name(site: Site) -> None:
    document = site.publisher.release(site.bundles[2], 2)
    site.publisher.publish(json.dumps({**document, "name": "wine"}).encode())


def _tamper_blob(site: Site) -> None:
    blob = site.blob("model/model.tiny")
    blob.write_bytes(b"x" * blob.stat().st_size)


def _longer_blob(site: Site) -> None:
    with site.blob("model/model.tiny").open("ab") as file:
        file.write(b"x")


def _endless_blob(site: Site) -> None:
    blob = site.blob("model/model.tiny")
    blob.unlink()
    os.mkfifo(blob)


def _device_for_a_blob(site: Site) -> None:
    blob = site.blob("model/model.tiny")
    blob.unlink()
    blob.symlink_to("/dev/zero")


def _swapped_manifest(site: Site) -> None:
    manifests = [(site.bundles[n] / "manifest.json").read_bytes() for n in (1, 2)]
    blob = site.publisher.repo / "blobs" / hashlib.sha256(manifests[1]).hexdigest()
    blob.write_bytes(manifests[0])


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        (_tamper_release, "is not signed by the key that this device trusts"),
        (_tamper_signature, "is not signed by the key that this device trusts"),
        (_another_key, "is not signed by the key that this device trusts"),
        (_older, "release 2, which is older than release 5 that this device has seen"),
        (_wrong_device, "of iris for other-device; this device has iris for test-device"),
        (_wrong_name, "of wine for test-device; this device has iris for test-device"),
        (_tamper_blob, "holds something else"),
        (_longer_blob, "and should have"),
        (_endless_blob, "is not a file"),
        (_device_for_a_blob, "is not a file"),
        (_swapped_manifest, "holds something else|and should have"),
    ],
)
def test_an_attack_is_refused_and_leaves_the_release_to_be_tried_again(
    site: Site, attack: Callable[[Site], None], why: str
) -> None:
    original = {path: path.read_bytes() for path in site.publisher.repo.rglob("*") if path.is_file()}
    before = Path(site.home.state).read_text()
    attack(site)
    with pytest.raises(RefusedError, match=why) as caught:
        site.update()
    assert not isinstance(caught.value, UnfitError)
    assert serving_version(site.home) == site.version(1)
    assert read_state(site.home).refused is None
    Path(site.home.state).write_text(before)
    for path, data in original.items():
        if path.is_fifo() or path.is_symlink():
            path.unlink()
        path.write_bytes(data)
    site.update()
    assert serving_version(site.home) == site.version(2)


def test_who_reads_between_the_two_renames_of_a_release_reads_once_more(site: Site) -> None:
    signature = site.publisher.place / "release.json.sig"
    ours = signature.read_bytes()
    signature.write_text("of the release before")
    key = site.home.place("trust/release.pub")
    between = Folder(str(site.publisher.repo), key, wait=lambda seconds: signature.write_bytes(ours))
    assert between.newest(NAME, DEVICE, 0.0).number == 2


@pytest.mark.parametrize("number", [0, 1])
def test_a_number_that_was_there_before_is_not_taken_again(site: Site, number: int) -> None:
    site.update()
    site.publisher.release(site.bundles[1], number)
    with pytest.raises(RefusedError, match=f"release {number}, which is older than release 2"):
        site.update()
    assert serving_version(site.home) == site.version(2)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"files": {"../x": {"sha256": "0" * 64, "size_bytes": 1}}}, "outside of the bundle"),
        ({"device": {"arch": "riscv64"}}, "is for riscv64; this machine is"),
        ({"device": {"libc": "other"}}, "is for systems with other; this one has"),
        ({"device": {"python": "3.99"}}, "needs Python 3.99"),
        ({"device": {"memory_mb": 10**9}}, "may take 1000000000 MB of memory; this machine has"),
        ({"device": {"flash_mb": 0}}, "its own profile allows 0 MB"),
    ],
)
def test_a_release_that_is_not_fit_is_refused_for_good(site: Site, changes: Any, why: str) -> None:
    device = json.loads((site.bundles[2] / "manifest.json").read_text())["device"]
    if "device" in changes:
        changes = {"device": {**device, **changes["device"]}}
    bundle = make_bundle(site.folder / "changed", seed=2, **changes)
    site.publisher.release(bundle, 2, total_bytes=10**6)
    with pytest.raises(UnfitError, match=why):
        site.update()
    refused = read_state(site.home).refused
    assert refused is not None and refused.number == 2
    with pytest.raises(RefusedError, match="was refused before; --again tries it once more"):
        site.update()
    assert not list(Path(site.home.incoming).iterdir())
    site.publisher.release(site.bundles[3], 3)
    site.update()
    assert serving_version(site.home) == site.version(3)


def test_a_release_whose_manifest_is_of_another_model_is_refused(site: Site) -> None:
    site.publisher.release(site.bundles[2], 2, version="another")
    with pytest.raises(UnfitError, match="names the version 'another', and its manifest"):
        site.update()


def test_more_files_than_the_release_says_are_refused(site: Site) -> None:
    site.publisher.release(site.bundles[2], 2, total_bytes=10)
    with pytest.raises(UnfitError, match=r"lists \d+ bytes; the release has 10"):
        site.update()


def test_golden_inputs_that_fail_refuse_the_release_before_it_serves(site: Site) -> None:
    bundle = make_bundle(site.folder / "wrong", seed=2)
    data, labels = tiny_model(2)
    (bundle / "golden.json").write_text(json.dumps(golden([1 - label for label in labels])))
    (bundle / "manifest.json").unlink()
    write_manifest(bundle, data)
    site.publisher.release(bundle, 2)
    with pytest.raises(UnfitError, match="golden inputs failed on this device"):
        site.update()
    state = read_state(site.home)
    assert state.history[-1]["what"] == "refused"
    assert serving_version(site.home) == site.version(1)
    assert [path.name for path in Path(site.home.slots).iterdir()] == ["a"]
