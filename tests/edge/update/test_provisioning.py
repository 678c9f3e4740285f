"""The first bundle of a device: copied, proved, and nothing of the original shared."""

import json
from pathlib import Path

import pytest

from edge.update.contents import Contents
from edge.update.errors import UnfitError, UpdateError
from edge.update.home import Home
from edge.update.provisioning import init
from edge.update.recovery import recover
from edge.update.state import load_state
from tests.edge.update.power import QuickDisk, RecordingDisk
from tests.edge.update.releases import Site, make_bundle, prove_here, serving_version


def _init(site: Site, home: Home, **changes: str) -> None:
    given = {"bundle": str(site.bundles[2]), "trust": str(site.publisher.trust), **changes}
    init(home, given["bundle"], given["trust"], 2, prove_here)


def test_the_bundle_is_copied_so_that_the_original_may_change(site: Site, tmp_path: Path) -> None:
    home = Home(str(tmp_path / "new"), QuickDisk())
    _init(site, home)
    for path in sorted(site.bundles[2].rglob("*.*")):
        path.write_bytes(b"") if path.is_file() else None
    assert serving_version(home)
    assert recover(home, starting=True).good.number == 2


def test_the_link_comes_last_of_all(site: Site, tmp_path: Path) -> None:
    disk = RecordingDisk()
    home = Home(str(tmp_path / "new"), disk)
    _init(site, home)
    assert disk.steps[-2:] == [("rename", f"{home.current}.new", home.current), ("sync", home.root)]


def test_a_home_with_a_bundle_is_not_provisioned_again(site: Site) -> None:
    with pytest.raises(UpdateError, match="has a bundle already: update it with --from"):
        _init(site, site.home)
    assert serving_version(site.home) == site.version(1)


def test_a_folder_of_somebody_else_is_no_home(site: Site) -> None:
    """A repository of releases, say, has a `trust` and `metadata` of its own."""
    repo = site.publisher.repo
    before = {path: path.read_bytes() for path in repo.rglob("*") if path.is_file()}
    with pytest.raises(UpdateError, match=r"trust is there already, and .*repo is no home of a bundle"):
        _init(site, Home(str(repo)))
    assert {path: path.read_bytes() for path in repo.rglob("*") if path.is_file()} == before


def test_a_home_may_hold_what_is_none_of_ours(site: Site, tmp_path: Path) -> None:
    home = Home(str(tmp_path / "mount"), QuickDisk())
    for name in ("lost+found", "spool"):
        Path(home.place(name)).mkdir(parents=True)
    _init(site, home)
    assert serving_version(home) == site.version(2)
    assert Path(home.place("lost+found")).is_dir()


def test_a_home_that_has_lost_what_it_knew_is_provisioned_again(site: Site) -> None:
    Path(site.home.state).write_bytes(b"")
    Path(site.home.slot("a"), "release.json").write_bytes(b"")
    with pytest.raises(UpdateError, match=r"`python -m edge\.update init` puts the first one there"):
        load_state(site.home)
    _init(site, site.home)
    assert serving_version(site.home) == site.version(2)


def test_a_bundle_that_answers_wrong_makes_no_home(site: Site, tmp_path: Path) -> None:
    def fail(root: str, contents: Contents) -> None:
        raise UnfitError("its answers differ")

    home = Home(str(tmp_path / "new"), QuickDisk())
    with pytest.raises(UnfitError, match="its answers differ"):
        init(home, str(site.bundles[2]), str(site.publisher.trust), 2, fail)
    assert home.serving() is None
    _init(site, home)
    assert home.serving() == "a"


@pytest.mark.parametrize("key", ["", "AAAA", "A" * 43 + "=", "not base64"])
def test_a_key_that_is_none_is_told_before_anything_is_done(site: Site, tmp_path: Path, key: str) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "release.pub").write_text(key)
    with pytest.raises(UpdateError, match="holds no Ed25519 public key"):
        _init(site, Home(str(tmp_path / "new")), trust=str(tmp_path / "trust"))
    assert not (tmp_path / "new").exists()


def test_a_bundle_for_another_machine_is_refused(site: Site, tmp_path: Path) -> None:
    device = json.loads((site.bundles[1] / "manifest.json").read_text())["device"]
    bundle = make_bundle(tmp_path / "bundle", 1, device={**device, "arch": "riscv64"})
    with pytest.raises(UnfitError, match="is for riscv64; this machine is"):
        _init(site, Home(str(tmp_path / "new")), bundle=str(bundle))


def test_a_home_that_cannot_be_made_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UpdateError, match="the disk refuses"):
        _init(site, Home(str(tmp_path / "file" / "new")))
