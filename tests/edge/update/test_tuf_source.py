"""Updates from a URL: only what changed is transferred, keys may change hands, and old Pythons will do."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.update.errors import NothingNewError, RefusedError, UnreachableError, UpdateError
from edge.update.home import Home
from edge.update.plain import Folder
from edge.update.trial import Watch
from edge.update.tuf_source import Repository
from edge.update.updating import Settings, update
from packager import interpreters
from packager.dependencies import install_pure
from packager.release.publish import publish
from packager.release.renewal import refresh, rotate
from tests.edge.update import server as lies
from tests.edge.update.releases import listed, make_bundle, prove_here, serving_version
from tests.edge.update.repositories import Stage, make_key, make_origin, staged
from tests.edge.update.server import serving

LIBRARY = os.urandom(300_000)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_origin(tmp_path_factory.mktemp("origin") / "stage")


@pytest.fixture
def stage(origin: Path, tmp_path: Path) -> Iterator[Stage]:
    with staged(origin, tmp_path / "stage") as stage:
        yield stage


def with_library(stage: Stage, number: int) -> int:
    """Make a bundle again, with a large file that is the same in all; the size of what is not."""
    place = stage.folder / f"large{number}"
    make_bundle(place, seed=number)
    (place / "library.bin").write_bytes(LIBRARY)
    document = json.loads((place / "manifest.json").read_text())
    files = {**document["files"], "library.bin": listed(LIBRARY)}
    model, golden = (files[name]["size_bytes"] for name in ("model/model.tiny", "golden.json"))
    (place / "manifest.json").write_text(json.dumps({**document, "files": files}))
    publish(place, stage.repo, stage.keys)
    return int(model + golden + (place / "manifest.json").stat().st_size)


def test_the_newest_release_comes_and_serves(stage: Stage) -> None:
    newest = stage.release(2)
    assert stage.update().good.number == 2
    assert serving_version(stage.home) == newest.version
    with pytest.raises(NothingNewError):
        stage.update()


def test_an_update_transfers_only_what_changed(stage: Stage) -> None:
    with_library(stage, 2)
    stage.update()
    changed = with_library(stage, 3)
    stage.web.sent_bytes = 0
    stage.web.asked.clear()
    stage.update()
    lists = sum(1 for path, _ in stage.web.asked if path.startswith(("metadata", "targets")))
    assert len(stage.web.asked) == lists + 3
    assert changed < stage.web.sent_bytes < changed + 6000
    assert stage.web.sent_bytes < len(LIBRARY) / 20


def test_an_update_that_broke_off_goes_on_where_it_was(stage: Stage) -> None:
    with_library(stage, 2)
    stage.web.lie("blobs/*", lies.as_it_is, times=1)
    stage.web.lie("blobs/*", lies.breaks_off(1000))
    with pytest.raises(UnreachableError):
        stage.update()
    (begun,) = (path for path in Path(stage.home.incoming).iterdir() if path.suffix == ".part")
    assert begun.stat().st_size == 2000
    stage.web.honest()
    stage.web.asked.clear()
    assert stage.update().good.number == 2
    assert stage.web.ranges_of(f"blobs/{begun.stem}") == ["bytes=2000-"]


def test_a_device_follows_the_keys_of_its_repository(stage: Stage) -> None:
    first = stage.keys
    for number in (2, 3):
        following = make_key(stage.folder / f"key{number}.pem")
        rotate(stage.repo, stage.keys, following)
        stage.keys = following
    stage.release(2)
    assert stage.update().good.number == 2
    publish(stage.bundle(3), stage.folder / "stale", first, number=7)
    with serving(stage.folder / "stale") as web:
        stage.web = web
        with pytest.raises(RefusedError, match=r"not signed by|older than"):
            stage.update()


def test_a_device_that_was_off_for_long_needs_no_more_than_its_first_root(stage: Stage) -> None:
    rotate(stage.repo, stage.keys, make_key(stage.folder / "new.pem"))
    for left in Path(stage.home.metadata).rglob("*.json"):
        left.unlink()
    with pytest.raises(NothingNewError):
        stage.update()


def test_a_device_whose_keys_are_lost_is_given_others(stage: Stage) -> None:
    stage.release(2)
    stage.update()
    anew = stage.folder / "anew"
    publish(stage.bundle(3), anew, make_key(stage.folder / "other.pem"), number=3)
    with serving(anew) as web:
        stage.web = web
        with pytest.raises(RefusedError, match="not signed by the keys"):
            stage.update()
        shutil.rmtree(stage.home.trust)
        shutil.copytree(anew / "trust", stage.home.trust)
        shutil.rmtree(stage.home.metadata)
        assert stage.update().good.number == 3


def test_a_device_that_was_off_until_all_had_expired_is_helped_by_a_folder(stage: Stage) -> None:
    stage.release(2)
    stage.clock_s = 400 * 86400.0
    with pytest.raises(RefusedError, match=r"its root expired .*`packager release --refresh`"):
        stage.update()
    folder = Folder(str(stage.repo), stage.home.place("trust/release.pub"))
    state = update(stage.home, folder, Settings(Watch(prove_here), lambda line: None))
    assert state.good.number == 2


def test_what_was_signed_anew_is_taken_after_it_had_expired(stage: Stage) -> None:
    stage.release(2)
    stage.clock_s = 40 * 86400.0
    with pytest.raises(RefusedError, match="expired"):
        stage.update()
    refresh(stage.repo, stage.keys, days=60)
    assert stage.update().good.number == 2


def test_says_what_the_repository_has_instead(stage: Stage) -> None:
    with pytest.raises(RefusedError, match="has no release wine/lamp; it has iris/test-device"):
        stage.source().newest("wine", "lamp", time.time())


@pytest.mark.parametrize(
    ("body", "said"), [(None, "has no root of trust"), (b"{}", "no root of trust"), (b"", "no root of trust")]
)
def test_a_device_without_trust_is_told_what_it_needs(stage: Stage, body: bytes | None, said: str) -> None:
    path = Path(stage.home.trust, "root.json")
    path.unlink() if body is None else path.write_bytes(body)
    with pytest.raises(UpdateError, match=said):
        stage.update()


def test_what_tuf_left_behind_when_power_went_is_removed(stage: Stage) -> None:
    stage.release(2)
    (left := Path(stage.home.metadata, "tmpabc")).write_bytes(b"half")
    stage.update()
    assert not left.exists()


TORN: dict[str, Callable[[bytes], bytes | None]] = {
    "empty": lambda body: b"",
    "half": lambda body: body[: len(body) // 2],
    "zeros": lambda body: bytes(len(body)),
    "half and zeros": lambda body: body[: len(body) // 2] + bytes(len(body) - len(body) // 2),
    "gone": lambda body: None,
}


@pytest.mark.parametrize("torn", TORN)
def test_what_power_has_left_of_the_metadata_keeps_no_device_from_updates(stage: Stage, torn: str) -> None:
    """TUF writes its metadata by rename alone, without a sync: any of them may be torn, or all at once."""
    second = make_key(stage.folder / "second.pem")
    rotate(stage.repo, stage.keys, second)
    stage.keys = second
    newest = stage.release(2)
    stage.update()
    metadata = Path(stage.home.metadata)
    kept = {
        path: path.read_bytes() for path in metadata.rglob("*") if path.is_file() and not path.is_symlink()
    }
    assert len(kept) >= 5
    for damaged in [*([path] for path in kept), list(kept)]:
        for path in damaged:
            left = TORN[torn](kept[path])
            path.unlink() if left is None else path.write_bytes(left)
        with pytest.raises(NothingNewError):
            stage.update()
        assert {path: path.read_bytes() for path in kept if path.exists()}.items() <= kept.items()
    for path, body in kept.items():
        path.write_bytes(TORN[torn](body) or b"")
    third = stage.release(3)
    assert stage.update().good.number == third.number > newest.number
    for path in kept:
        path.write_bytes(b"")
    for name, old in stage.seen[newest.number].items():
        stage.web.lie(name, lies.gives(old))
    with pytest.raises(RefusedError, match="older than release 3 that this device has seen"):
        stage.update()


@pytest.mark.network
@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_the_bundle_updates_itself_on_pure_python(stage: Stage, version: str, tmp_path: Path) -> None:
    """The whole command in a process of its own: the interpreter has no packages but the bundle's."""
    python = interpreters.find(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    bundles = [make_bundle(tmp_path / f"bundle{number}", number, code=True) for number in (1, 2)]
    for file in install_pure("edge_update", version):
        dest = tmp_path / "bundle1" / "update_packages" / file.dest
        dest.parent.mkdir(parents=True, exist_ok=True)
        dest.write_bytes(file.read())
    for unwanted in ("cryptography", "urllib3"):
        (tmp_path / "installed" / unwanted).mkdir(parents=True)
        (tmp_path / "installed" / unwanted / "__init__.py").write_text("raise SystemExit('unwanted')")
    home = tmp_path / "home"

    def edge(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(python.path), "-s", "-m", "edge.update", *arguments, "--home", str(home)]
        environment = {"PYTHONPATH": f"{tmp_path / 'bundle1'}:{tmp_path / 'installed'}"}
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)

    begun = edge("init", "--trust", str(stage.repo / "trust"), "--number", "1", str(tmp_path / "bundle1"))
    assert begun.returncode == 0, begun.stderr
    publish(bundles[1], stage.repo, stage.keys)
    done = edge("--from", stage.web.url, "--health-s", "0")
    assert done.returncode == 0, done.stderr
    assert "release 2" in done.stdout
    assert edge("--from", stage.web.url).returncode == NothingNewError.exit_code


def test_asks_nothing_before_there_is_trust(tmp_path: Path) -> None:
    with serving(tmp_path) as web:
        with pytest.raises(UpdateError, match="no root of trust"):
            Repository(web.url, Home(str(tmp_path))).newest("iris", "lamp", 0)
        assert web.asked == []
