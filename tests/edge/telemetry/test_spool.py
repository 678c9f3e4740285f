"""The spool: within its bound, the oldest go first, whole files or none, on disks that fail."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.telemetry.batches import next_batch
from edge.telemetry.spool import Spool, try_lock
from edge.telemetry.summary import write_line
from tests.devices.presence import NotHereError, need_root, skip_or_fail
from tests.edge.telemetry.summaries import fill, spooled, summary


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_the_oldest_go_where_the_newest_would_not_fit(tmp_path: Path) -> None:
    fill(tmp_path, 200, max_bytes=5_000)
    kept = [document["id"] for document in spooled(tmp_path)]
    assert kept[-1] == "run-200"
    assert kept == [f"run-{number}" for number in range(201 - len(kept), 201)]
    assert 4_000 < size_of(tmp_path) <= 5_000


def test_how_many_had_to_go_stands_in_the_summary_that_they_went_for(tmp_path: Path) -> None:
    told: list[int] = []

    def compose(dropped: int) -> bytes:
        told[-1] = dropped
        return write_line(summary(f"run-{len(told)}"))

    spool = Spool(str(tmp_path), 3_000)
    for number in range(1, 21):
        told.append(0)
        spool.write(f"run-{number}", compose)
    assert sum(told) + len(spooled(tmp_path)) == 20


def test_a_summary_larger_than_the_spool_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room") as raised:
        Spool(str(tmp_path), 100).write("a", lambda _: b"x" * 101)
    assert raised.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_batch_under_way_is_not_dropped_and_any_other_counts_as_all_it_holds(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    batch = next_batch(Spool(str(tmp_path), 1 << 30))
    assert batch is not None
    small = Spool(str(tmp_path), len(batch.body) + 100)
    lock = try_lock(str(tmp_path))
    assert lock is not None
    told: list[int] = []

    def compose(dropped: int) -> bytes:
        told.append(dropped)
        return b"x" * 200

    with pytest.raises(OSError, match="no room"):
        small.write("a", compose)
    assert (tmp_path / batch.name).exists()
    os.close(lock)
    small.write("b", compose)
    assert not (tmp_path / batch.name).exists()
    assert told[-1] == 10


def test_what_a_killed_writer_left_half_is_removed(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    left = tmp_path / f"000000000001-a.summary.json.{ended.stdout.strip()}.part"
    left.write_bytes(b"{")
    alive = tmp_path / f"000000000001-b.summary.json.{os.getppid()}.part"
    alive.write_bytes(b"{")
    fill(tmp_path, 1)
    assert not left.exists()
    assert alive.exists()  # its writer may be at it
    assert [document["id"] for document in spooled(tmp_path)] == ["run-1"]


def test_two_processes_may_write_into_one_spool(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.edge.telemetry.summaries import *\n"
        "spool = Spool(sys.argv[1], 1 << 30)\n"
        "for n in range(60):\n"
        "    spool.write(f'{sys.argv[2]}-{n}', lambda _: write_line(summary(f'{sys.argv[2]}-{n}')))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len({document["id"] for document in spooled(tmp_path)}) == 120


def test_a_full_disk_takes_the_newest_for_the_oldest(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        need_root("a small disk")
    except NotHereError as error:
        skip_or_fail(error)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    try:
        told: list[int] = []

        def compose(dropped: int) -> bytes:
            told[-1] = dropped
            return write_line(summary(f"run-{len(told)}"))

        spool = Spool(str(disk / "spool"), 1 << 30)
        for _ in range(40):
            told.append(0)
            spool.write(f"run-{len(told)}", compose)
        kept = [document["id"] for document in spooled(disk / "spool")]
        assert kept[-1] == "run-40"
        assert sum(told) + len(kept) == 40
        assert sum(told) > 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_may_not_grow_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import errno, resource, sys; from edge.telemetry.spool import Spool\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: Spool(sys.argv[1], 1 << 20).write('a', lambda _: b'x' * 200)\n"
        "except OSError as error: sys.exit(0 if error.errno == errno.EFBIG else 1)\n"
        "sys.exit(2)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_is_killed_leaves_whole_files(tmp_path: Path) -> None:
    code = (
        "import itertools, sys; from tests.edge.telemetry.summaries import *\n"
        "spool = Spool(sys.argv[1], 20_000)\n"
        "print('ready', flush=True)\n"
        "for n in itertools.count(): spool.write(f'r-{n}', lambda _: write_line(summary(f'r-{n}', 50)))"
    )
    for turn in range(8):
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(0.005 + 0.007 * turn)
            writer.send_signal(signal.SIGKILL)
        assert all(document["requests"] == 50 for document in spooled(tmp_path))
        assert size_of(tmp_path) <= 20_000 + 2_000  # the one that was being written is removed by the next
