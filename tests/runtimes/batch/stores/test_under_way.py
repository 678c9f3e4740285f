"""What is under way: a dead process's is swept, a living one's never."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtimes.batch.stores import under_way
from runtimes.batch.stores.under_way import UnderWay

_OWN = "import os, sys; from runtimes.batch.stores.under_way import UnderWay\nmine = UnderWay(sys.argv[1])\n"


def run(script: str, parent: Path) -> "subprocess.Popen[bytes]":
    """A process with a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", _OWN + script, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def left_by_a_dead_process(parent: Path) -> Path:
    """Its folder, with a file in it."""
    script = "open(mine.folder() + '/part', 'w').write('half'); print(mine.folder(), flush=True); os._exit(1)"
    said, _ = run(script, parent).communicate(timeout=60)
    return Path(said.decode().strip())


def test_a_dead_processs_folder_is_swept(tmp_path: Path) -> None:
    left = left_by_a_dead_process(tmp_path)
    assert (left / "part").exists()
    UnderWay(str(tmp_path)).sweep()
    assert not left.exists()


def test_a_living_processs_folder_stays(tmp_path: Path) -> None:
    child = run("print(mine.folder(), flush=True); sys.stdin.read()", tmp_path)
    assert child.stdout is not None
    folder = Path(child.stdout.readline().decode().strip())
    UnderWay(str(tmp_path)).sweep()
    assert folder.is_dir()
    child.communicate(timeout=60)
    assert not folder.exists() and not tmp_path.exists()  # it took its own along when it ended


def test_another_of_the_same_process_stays(tmp_path: Path) -> None:
    one, other = UnderWay(str(tmp_path)), UnderWay(str(tmp_path))
    folder = one.folder()
    other.sweep()
    one.sweep()
    assert one.folder() == folder
    one.remove()


@pytest.mark.parametrize(("age_s", "stays"), [(23 * 3600, True), (25 * 3600, False)])
def test_another_machines_folder_goes_after_a_day(tmp_path: Path, age_s: int, stays: bool) -> None:
    folder = tmp_path / "0123456789-77-00000000"
    folder.mkdir()
    for path in (folder / ".lock", folder / "part"):
        path.write_bytes(b"half")
    then = time.time() - age_s
    for path in (folder / "part", folder):
        os.utime(path, (then, then))
    UnderWay(str(tmp_path)).sweep()
    assert folder.exists() is stays


def test_another_machines_folder_stays_while_a_file_in_it_grows(tmp_path: Path) -> None:
    folder = tmp_path / "0123456789-77-00000000"
    folder.mkdir()
    (folder / "part").write_bytes(b"half")
    os.utime(folder, (1.0, 1.0))
    UnderWay(str(tmp_path)).sweep()
    assert (folder / "part").exists()


def test_a_folder_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    mine = UnderWay(str(tmp_path))
    first = Path(mine.folder())
    (first / ".lock").unlink()
    first.rmdir()
    second = Path(mine.folder())
    assert second != first and second.is_dir()
    mine.remove()


def test_what_is_no_folder_of_a_process_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    UnderWay(str(tmp_path)).sweep()
    assert (tmp_path / "notes.txt").exists() and elsewhere.is_dir()


def test_in_a_shared_folder_only_names_of_ours_are_swept(tmp_path: Path) -> None:
    other = tmp_path / f"{under_way._machine()}-1-00000000"
    other.mkdir()
    UnderWay(str(tmp_path), "packager-batch-").sweep()
    assert other.is_dir()


def test_sweepers_and_makers_do_not_harm_each_other(tmp_path: Path) -> None:
    def make_and_sweep(_number: int) -> bool:
        for _ in range(30):
            mine = UnderWay(str(tmp_path))
            mine.sweep()
            part = Path(mine.folder()) / "part"
            part.write_bytes(b"whole")
            UnderWay(str(tmp_path)).sweep()
            if part.read_bytes() != b"whole":
                return False
            mine.remove()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(make_and_sweep, range(8)))
    assert not tmp_path.exists()
