"""This machine's disks as a store: what is found, what shows, and when."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtimes.batch.errors import InterruptedJobError, JobError, TryAgainError
from runtimes.batch.stores.disk import failures
from runtimes.batch.stores.local import Local
from runtimes.batch.work import InputFile


@pytest.fixture
def store() -> Local:
    """The store."""
    return Local()


def write(path: Path, content: bytes = b"a\n1\n") -> Path:
    """A file with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def planned(store: Local, path: Path) -> InputFile:
    """The one file of a path, as a plan has it."""
    (found,) = store.find(str(path))
    return InputFile(found.uri, "csv", "", found.size_bytes, found.version)


def publish(store: Local, output: Path, content: bytes) -> Path:
    """Write a part and let it appear."""
    path = Path(store.folder(str(output))) / "part"
    path.write_bytes(content)
    store.publish(str(path), str(output / "part"), hashlib.sha256(content).hexdigest())
    assert not path.exists()
    return output / "part"


def listed(folder: Path) -> list[str]:
    """All files, relative."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_the_version_tells_contents_apart(store: Local, tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", bytes(300_000))
    versions = {planned(store, path).version}
    status = path.stat()
    for place in (0, 65_535, 299_999, 234_465):
        path.write_bytes(bytes(place) + b"x" + bytes(299_999 - place))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        versions.add(planned(store, path).version)
    path.write_bytes(bytes(300_000))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    versions.add(planned(store, path).version)
    assert len(versions) == 6
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert planned(store, path).version in versions


def test_a_file_is_read_where_it_lies(store: Local, tmp_path: Path) -> None:
    file = planned(store, write(tmp_path / "a.csv", b"0123456789"))
    assert store.open(file).read_at(3, 2) == b"234"
    with store.local(file, ((0, 10),)) as path:
        assert path == file.uri
    assert store.traffic.bytes_read == 10


def test_a_file_that_was_changed_is_refused(store: Local, tmp_path: Path) -> None:
    file = planned(store, write(tmp_path / "a.csv"))
    write(tmp_path / "a.csv", b"a\n2\n3\n")
    with pytest.raises(JobError, match=r"a\.csv was changed since the job was planned"):
        store.open(file)
    with pytest.raises(JobError, match="was changed since"), store.local(file, ((0, 1),)):
        pass


def test_a_file_that_is_changed_under_its_reader_is_refused(store: Local, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    file = planned(store, write(path))
    with pytest.raises(JobError, match="was changed since"), store.local(file, ((0, 1),)):
        write(path, b"a\n2\n3\n")
    file = planned(store, path)
    with pytest.raises(JobError, match="was changed since"), store.local(file, ((0, 1),)):
        write(path, b"a\n2\n")
        raise JobError("the file is damaged")  # what the reader saw of it
    file = planned(store, path)
    with pytest.raises(InterruptedJobError), store.local(file, ((0, 1),)):
        write(path)
        raise InterruptedJobError("a signal came")


def test_a_file_that_was_removed_is_refused(store: Local, tmp_path: Path) -> None:
    file = planned(store, write(tmp_path / "a.csv"))
    (tmp_path / "a.csv").unlink()
    with pytest.raises(JobError, match="is gone since the job was planned"):
        store.open(file)


def test_what_is_published_is_there_and_nothing_else(store: Local, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert publish(store, output, b"one").read_bytes() == b"one"
    inode = (output / "part").stat().st_ino
    publish(store, output, b"one")
    assert (output / "part").stat().st_ino == inode  # the same content stays
    assert publish(store, output, b"two").read_bytes() == b"two"
    store.close()
    assert listed(output) == ["part"] and not (output / "_packager/tmp").exists()
    assert publish(store, output, b"three").read_bytes() == b"three"  # closed is not the end
    store.close()


def test_readers_of_the_output_do_not_see_what_is_under_way(store: Local, tmp_path: Path) -> None:
    folder = Path(store.folder(str(tmp_path / "out")))
    write(folder / "part-00000")
    assert store.sizes(str(tmp_path / "out")) == {}
    with pytest.raises(JobError, match="there are no files"):
        store.find(str(tmp_path / "out"))
    store.close()


def test_of_many_creators_one_wins(tmp_path: Path) -> None:
    stores = [Local() for _ in range(16)]
    place = str(tmp_path / "out/_packager/job.json")
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda one: one[1].create(place, str(one[0]).encode()), enumerate(stores)))
    assert sum(won) == 1
    assert Path(place).read_bytes() == str(won.index(True)).encode()
    for store in stores:
        store.close()
    assert listed(tmp_path) == ["out/_packager/job.json"]


def test_what_is_there_stays_when_it_is_created_again(store: Local, tmp_path: Path) -> None:
    place = str(tmp_path / "out/_packager/done/1.json")
    assert store.read(place) is None and store.sizes(str(tmp_path / "out/_packager/done")) == {}
    assert store.create(place, b"one")
    assert not store.create(place, b"two")
    assert store.read(place) == b"one"
    assert store.sizes(str(tmp_path / "out/_packager/done")) == {"1.json": 3}
    assert store.size(place) == 3 and store.size(f"{place}.none") is None
    store.close()


def test_a_marker_is_never_seen_half_written(tmp_path: Path) -> None:
    """A child makes markers until it is killed; a reader looks at each the moment that it has a name."""
    done, content = tmp_path / "out/_packager/done", b"x" * 50_000
    script = (
        "import sys; from runtimes.batch.stores.local import Local; store = Local(); number = 0\n"
        "while True: store.create(f'{sys.argv[1]}/{number}', b'x' * 50_000); number += 1"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(done)])
    reader = Local()
    timer = threading.Timer(2.0, child.send_signal, (signal.SIGKILL,))
    timer.start()
    seen: set[str] = set()
    while child.poll() is None:
        for name in reader.sizes(str(done)).keys() - seen:
            assert reader.read(str(done / name)) == content
            seen.add(name)
    timer.join()
    assert len(seen) > 3 and child.wait() == -signal.SIGKILL
    assert set(reader.sizes(str(done)).values()) == {50_000}
    reader.sweep(str(tmp_path / "out"))
    assert [one for one in listed(tmp_path) if "/tmp/" in one] == []


def test_an_output_that_is_a_file_is_refused(store: Local, tmp_path: Path) -> None:
    write(tmp_path / "out")
    for run in (
        lambda: store.folder(str(tmp_path / "out")),
        lambda: store.create(str(tmp_path / "out/_packager/job.json"), b"{}"),
        lambda: store.read(str(tmp_path / "out/_packager/job.json")),
    ):
        with pytest.raises(JobError, match=r"out.* cannot be used: (Not a directory|File exists)") as refused:
            run()
        assert refused.value.exit_code == 2


def test_a_disk_without_links_is_refused(
    store: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: str, _dest: str) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source)  # as vfat says it

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(JobError, match="its disk knows no links"):
        store.create(str(tmp_path / "out/_packager/job.json"), b"{}")
    store.close()
    assert listed(tmp_path) == []


def test_a_folder_in_a_parts_place_is_refused(store: Local, tmp_path: Path) -> None:
    (tmp_path / "out/part").mkdir(parents=True)
    with pytest.raises(JobError, match="part cannot be used: Is a directory"):
        publish(store, tmp_path / "out", b"one")
    store.close()


def test_no_right_to_write_is_refused(store: Local) -> None:
    with pytest.raises(JobError, match="no access to /sys") as refused:
        store.folder("/sys/kernel/out")
    assert refused.value.exit_code == 2 and "right" in refused.value.hint


def test_a_full_disk_is_another_tries_matter() -> None:
    with (
        pytest.raises(TryAgainError, match="no room for /dev/full: No space left on device") as failed,
        failures("/dev/full"),
        Path("/dev/full").open("wb") as full,
    ):
        full.write(b"x")
    assert failed.value.exit_code == 1 and failed.value.hint
