"""Releases: laid out as the contract says, whole for who reads meanwhile, never with another's key."""

import base64
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.update import ed25519
from packager.errors import ReleaseError
from packager.release import roles
from packager.release.publish import publish
from packager.release.renewal import refresh
from packager.release.signing import Keys
from tests.edge.update.releases import DEVICE, NAME, make_bundle
from tests.edge.update.server import WebServer
from tests.packager.release.reader import Reader

PLACE = f"{NAME}/{DEVICE}"


def test_a_release_is_laid_out_as_the_contract_says(repo: Path, bundles: list[Path], key: Keys) -> None:
    found = publish(bundles[0], repo, key)
    body = (repo / "plain" / PLACE / "release.json").read_bytes()
    manifest = (bundles[0] / "manifest.json").read_bytes()
    document = json.loads(body)
    assert document == {
        "schema_version": 1,
        "name": NAME,
        "device": DEVICE,
        "number": 1,
        "version": json.loads(manifest)["version"],
        "released": found.released,
        "manifest": {"sha256": hashlib.sha256(manifest).hexdigest(), "size_bytes": len(manifest)},
        "total_bytes": found.total_bytes,
    }
    public = base64.b64decode((repo / "trust" / "release.pub").read_text())
    signature = base64.b64decode((repo / "plain" / PLACE / "release.json.sig").read_text())
    assert ed25519.verify(public, body, signature)
    listed = {path.name for path in (repo / "metadata").iterdir()}
    assert listed == {"1.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}
    named = repo / "targets" / PLACE / f"{hashlib.sha256(body).hexdigest()}.release.json"
    assert named.read_bytes() == body
    for blob in (repo / "blobs").iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    assert len(list((repo / "blobs").iterdir())) == found.files + 1 == found.added_files


def test_numbers_grow_by_themselves_and_by_hand_and_never_fall(
    repo: Path, bundles: list[Path], key: Keys
) -> None:
    numbers = [publish(bundles[0], repo, key).number, publish(bundles[1], repo, key).number]
    numbers.append(publish(bundles[2], repo, key, number=10).number)
    numbers.append(publish(bundles[0], repo, key).number)
    assert numbers == [1, 2, 10, 11]
    with pytest.raises(
        ReleaseError, match=r"release 11 .* is there, and numbers only grow: 11 is not higher"
    ):
        publish(bundles[1], repo, key, number=11)


def test_the_same_bundle_again_spends_no_number(repo: Path, bundles: list[Path], key: Keys) -> None:
    first, again = (publish(bundles[0], repo, key) for _ in range(2))
    assert (again.number, again.is_new, again.added_files) == (1, False, 0)
    assert again.released == first.released


def test_a_blob_is_added_once_and_made_good_when_damaged(repo: Path, bundles: list[Path], key: Keys) -> None:
    publish(bundles[0], repo, key)
    assert publish(bundles[1], repo, key).added_files == 3  # the manifest, the model, the golden answers
    blob = next(iter((repo / "blobs").iterdir()))
    sound = blob.read_bytes()
    blob.write_bytes(sound[:-1])
    for bundle in (bundles[0], bundles[1]):
        publish(bundle, repo, key)
    assert blob.read_bytes() == sound


def test_devices_of_other_names_have_numbers_of_their_own(
    repo: Path, bundles: list[Path], key: Keys, tmp_path: Path
) -> None:
    publish(bundles[0], repo, key)
    publish(bundles[1], repo, key)
    wine = make_bundle(tmp_path / "wine", 5, name="wine")
    assert publish(wine, repo, key).number == 1
    assert {path.parent.parent.name for path in (repo / "plain").rglob("release.json")} == {"iris", "wine"}


def test_another_key_is_refused_and_changes_nothing(
    repo: Path, bundles: list[Path], key: Keys, other: Keys
) -> None:
    publish(bundles[0], repo, key)
    before = snapshot(repo)
    with pytest.raises(ReleaseError, match="is not the key that signs the root"):
        publish(bundles[1], repo, other)
    with pytest.raises(ReleaseError, match="is not the key that signs the timestamp"):
        publish(bundles[1], repo, Keys(key.key, other.key))
    with pytest.raises(ReleaseError, match="is not the key that signs the timestamp"):
        refresh(repo, other)
    assert snapshot(repo) == before


def test_what_its_key_did_not_sign_is_not_signed_once_more(
    repo: Path, bundles: list[Path], key: Keys
) -> None:
    publish(bundles[0], repo, key)
    place = repo / "metadata" / "1.targets.json"
    document = json.loads(place.read_text())
    document["signed"]["targets"]["evil/lamp/release.json"] = {"length": 1, "hashes": {"sha256": "0" * 64}}
    place.write_text(json.dumps(document))
    with pytest.raises(ReleaseError, match="not what the keys of this repository signed"):
        publish(bundles[1], repo, key)


def test_a_root_that_somebody_slipped_in_is_not_built_upon(
    repo: Path, bundles: list[Path], key: Keys, other: Keys
) -> None:
    publish(bundles[0], repo, key)
    state = roles.read(repo)
    assert state is not None
    for role in ("root", "targets"):
        state.root.signed.add_key(other.key.public, role)
    roles.sign_root(state, (other.key,), datetime.now(UTC))
    with pytest.raises(ReleaseError, match="is not the key that signs the root"):
        publish(bundles[1], repo, key)


def test_a_changed_release_is_not_built_upon(repo: Path, bundles: list[Path], key: Keys) -> None:
    publish(bundles[0], repo, key)
    (named,) = (repo / "targets" / PLACE).iterdir()
    named.write_bytes(named.read_bytes().replace(b'"number": 1', b'"number": 0'))
    with pytest.raises(ReleaseError, match="is not what was signed"):
        publish(bundles[1], repo, key)


def test_other_folders_are_left_alone(bundles: list[Path], key: Keys, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="holds other files"):
        publish(bundles[0], tmp_path / "mine", key)
    with pytest.raises(ReleaseError, match="is a file"):
        publish(bundles[0], tmp_path / "mine" / "thesis.txt", key)
    with pytest.raises(ReleaseError, match="is not a repository"):
        refresh(tmp_path / "nowhere", key)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_two_releases_at_once_wait_for_each_other(
    repo: Path, bundles: list[Path], key: Keys, web: WebServer, tmp_path: Path
) -> None:
    publish(bundles[0], repo, key)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda bundle: publish(bundle, repo, key).number, bundles[1:]))
    assert sorted(found) == [2, 3]
    assert Reader(tmp_path / "device", repo, web).newest() == 3


def test_without_the_extra_one_sentence_says_what_to_install(bundles: list[Path], tmp_path: Path) -> None:
    code = "import sys; sys.modules['tuf'] = None; from packager.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "release", "--new-key", str(tmp_path / "key.pem")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 11
    assert "tuf" in done.stderr and ".[release]" in done.stderr
    assert not (tmp_path / "key.pem").exists()


def snapshot(repo: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in repo.rglob("*") if path.is_file()}
