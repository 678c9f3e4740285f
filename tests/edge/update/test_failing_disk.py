"""A disk that is full, read-only or failing at any step: a sentence, and a whole version serves."""

import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.update.errors import NoSpaceError, NothingNewError, UpdateError
from edge.update.home import Home
from tests.edge.update.power import QuickDisk, copied, record
from tests.edge.update.releases import Site, serving_version


class FailingDisk(QuickDisk):
    """Fails from one step on as the system would: a full disk still renames and removes."""

    def __init__(self, at: int, code: int) -> None:
        self._left = at
        self._code = code

    def _step(self, what: str, *places: object) -> None:
        self._left -= 1
        if self._left <= 0 and not (
            self._code == errno.ENOSPC and what in ("rename", "remove", "remove_dir")
        ):
            raise OSError(self._code, os.strerror(self._code), str(places[0]))


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO], ids=errno.errorcode.get
)
def test_a_disk_that_fails_from_any_step_on_leaves_a_version_that_answers(
    site: Site, folder: Path, code: int
) -> None:
    before = Path(site.home.root)
    versions = {site.version(1), site.version(2)}
    for at in range(1, len(record(before, folder, site.update)) + 1):
        home = copied(before, folder / "failing", FailingDisk(at, code))
        with pytest.raises(NoSpaceError if code == errno.ENOSPC else UpdateError) as caught:
            site.update(home)
        assert os.strerror(code) in caught.value.message or "no room left" in caught.value.message
        assert serving_version(home) in versions
        home = Home(home.root, QuickDisk())
        with contextlib.suppress(NothingNewError):
            site.update(home)
        assert serving_version(home) == site.version(2)
        shutil.rmtree(home.root)


def test_a_release_that_does_not_fit_is_told_with_the_numbers(site: Site) -> None:
    with _small_disk(site, 800_000) as home:
        with pytest.raises(NoSpaceError, match=r"needs 1\.0\d MB of room .* and 0\.\d\d MB are free"):
            site.update(home)
        assert serving_version(home) == site.version(1)


def test_where_room_is_scarce_the_version_before_the_good_one_makes_it(site: Site) -> None:
    site.update()
    Path(site.home.slot("a"), "kept").write_bytes(bytes(1_200_000))
    site.publisher.release(site.bundles[3], 3)
    with _small_disk(site, 2_200_000) as home:
        assert home.free_bytes() < 1_048_576
        site.update(home)
        assert serving_version(home) == site.version(3)


def test_a_disk_that_is_mounted_read_only_is_told(site: Site) -> None:
    with _small_disk(site, 4 << 20) as home:
        place = str(Path(home.root).parent)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        with pytest.raises(UpdateError, match=r"the disk refuses .*lock.*Read-only file system"):
            site.update(home)
        assert serving_version(home) == site.version(1)


@contextlib.contextmanager
def _small_disk(site: Site, size_bytes: int) -> Iterator[Home]:
    """The home on a file system of that size."""
    place = tempfile.mkdtemp()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", place])
    if mounted.returncode:
        Path(place).rmdir()
        assert os.environ.get("CI") != "true", "this test mounts a file system: run it as root"
        pytest.skip("no file system can be mounted here")
    try:
        yield copied(Path(site.home.root), Path(place) / "home")
    finally:
        subprocess.run(["umount", place], check=True)
        Path(place).rmdir()
