"""An update as a whole: what it brings, what of it is transferred, what keeps it from it."""

import os
import shutil
from pathlib import Path

import pytest

from edge.update.errors import (
    BusyError,
    NothingNewError,
    RefusedError,
    UnreachableError,
    UpdateError,
)
from edge.update.recovery import recover
from tests.edge.update.releases import (
    Site,
    serving_version,
)


def _inode(site: Site, path: str) -> int:
    return Path(site.home.current, path).stat().st_ino


def test_an_update_serves_the_new_version_and_keeps_the_old_one(site: Site) -> None:
    state = site.update()
    assert serving_version(site.home) == site.version(2)
    assert state.previous is not None and state.previous.number == 1
    assert (state.good.number, state.highest, state.trial) == (2, 2, None)
    with pytest.raises(NothingNewError, match=r"release 2 .* is the newest"):
        site.update()


def test_only_what_changed_is_transferred(site: Site) -> None:
    before = _inode(site, "README.md")
    for blob in (site.publisher.repo / "blobs").iterdir():
        if blob.read_bytes() == (site.bundles[1] / "README.md").read_bytes():
            blob.unlink()
    site.update()
    assert _inode(site, "README.md") == before


def test_a_file_that_the_card_has_lost_is_transferred_again(site: Site) -> None:
    site.update()
    Path(site.home.slot("a"), "README.md").unlink()
    shutil.copy(site.bundles[2] / "README.md", Path(site.home.slot("a"), "README.md"))
    Path(site.home.slot("a"), "README.md").write_text("How to use xx.\n")
    site.publisher.release(site.bundles[3], 3)
    site.update()
    assert serving_version(site.home) == site.version(3)


@pytest.mark.parametrize("newest", [1, 2])
def test_a_good_version_that_is_damaged_and_has_none_beside_it_is_brought_anew(
    site: Site, newest: int
) -> None:
    site.publisher.release(site.bundles[newest], newest)
    Path(site.home.slot("a"), "model/model.tiny").write_bytes(b"lost")
    with pytest.raises(UpdateError, match=r"is damaged \(model/model\.tiny .* brings a whole one"):
        recover(site.home, starting=True)
    lines: list[str] = []
    state = site.update(say=lines.append)
    assert "is damaged" in lines[0]
    assert (state.good.number, state.good.slot) == (newest, "b")
    assert serving_version(site.home) == site.version(newest)
    assert (state.previous is None) == (newest == 1)
    with pytest.raises(NothingNewError):
        site.update()


def test_to_bring_a_version_anew_only_what_was_lost_is_transferred(site: Site) -> None:
    site.publisher.release(site.bundles[1], 1)
    Path(site.home.slot("a"), "model/model.tiny").write_bytes(b"lost")
    lines: list[str] = []
    site.update(say=lines.append)
    lost = sum((site.bundles[1] / path).stat().st_size for path in ("model/model.tiny", "manifest.json"))
    assert any(line.startswith(f"{lost} bytes were transferred") for line in lines)


def test_a_transfer_that_broke_off_is_gone_on_with(site: Site) -> None:
    site.note_highest(2)
    blob = site.blob("model/model.tiny")
    Path(site.home.incoming, f"{blob.name}.part").write_bytes(blob.read_bytes()[:100])
    lines: list[str] = []
    site.update(say=lines.append)
    changed = ("manifest.json", "golden.json", "model/model.tiny")
    expected = sum((site.bundles[2] / path).stat().st_size for path in changed) - 100
    assert lines[1].startswith(f"{expected} bytes were transferred")
    assert serving_version(site.home) == site.version(2)


def test_a_partial_file_that_is_damaged_is_begun_again(site: Site) -> None:
    site.note_highest(2)
    Path(site.home.incoming, f"{site.blob('model/model.tiny').name}.part").write_bytes(bytes(100))
    site.update()
    assert serving_version(site.home) == site.version(2)


def test_a_recovery_removes_parts_of_what_is_not_under_way(site: Site) -> None:
    part = Path(site.home.incoming, f"{'0' * 64}.part")
    part.write_bytes(bytes(100))
    recover(site.home, starting=True)
    assert not part.exists()


def test_two_updates_at_once_are_one_too_many(site: Site) -> None:
    with site.home.locked(), pytest.raises(BusyError, match="another updater is at work"):
        site.update()


def test_a_source_that_is_not_there_is_no_fault_of_the_release(site: Site) -> None:
    shutil.rmtree(site.publisher.repo / "plain")
    with pytest.raises(UnreachableError, match="is this the releases' folder"):
        site.update()


def test_a_transfer_is_bounded_in_time(site: Site) -> None:
    with pytest.raises(UnreachableError, match="took longer than -1 s"):
        site.update(transfer_s=-1.0)
    assert serving_version(site.home) == site.version(1)
    site.update()


def test_another_bundle_under_the_number_of_the_one_that_serves_is_told(site: Site) -> None:
    site.publisher.release(site.bundles[2], 1)
    with pytest.raises(RefusedError, match=r"another bundle as release 1 than .* a higher --number"):
        site.update()
    assert serving_version(site.home) == site.version(1)
    site.publisher.release(site.bundles[2], 2)
    site.update()
    assert serving_version(site.home) == site.version(2)


def test_whoever_runs_the_model_may_read_what_an_updater_with_a_strict_umask_installs(site: Site) -> None:
    mask = os.umask(0o077)
    try:
        site.update()
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(mask)
    for path in Path(site.home.slot("b")).rglob("*"):
        assert path.stat().st_mode & 0o055 == (0o055 if path.is_dir() else 0o044), path
