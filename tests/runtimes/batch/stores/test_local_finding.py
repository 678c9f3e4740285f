"""What a path, a folder or a glob of this machine's disks names."""

import os
from pathlib import Path

import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.stores.local import Local
from tests.runtimes.batch.stores.test_local import write


@pytest.fixture
def store() -> Local:
    """The store."""
    return Local()


TREE = [
    "in/a.csv",
    "in/b.txt",
    "in/deep/c.csv",
    "in/_SUCCESS",
    "in/_later/e.csv",
    "in/.crc",
    "in-2/d.csv",
    "in[1].csv",
]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("in/a.csv", ["in/a.csv"]),
        ("in", ["in/a.csv", "in/b.txt", "in/deep/c.csv"]),
        ("in/", ["in/a.csv", "in/b.txt", "in/deep/c.csv"]),
        ("in/*.csv", ["in/a.csv"]),
        ("in/**/*.csv", ["in/a.csv", "in/deep/c.csv"]),
        ("i*/deep", ["in/deep/c.csv"]),
        ("in/_later/*.csv", ["in/_later/e.csv"]),
        ("in/_later/e.csv", ["in/_later/e.csv"]),
        ("in/../in-?/[a-d].csv", ["in-2/d.csv"]),
        ("in[1].csv", ["in[1].csv"]),
        ("", ["in-2/d.csv", "in/a.csv", "in/b.txt", "in/deep/c.csv", "in[1].csv"]),
    ],
)
def test_finds_files_by_path_folder_and_glob(
    store: Local, tmp_path: Path, pattern: str, names: list[str]
) -> None:
    for name in TREE:
        write(tmp_path / name)
    assert [one.uri for one in store.find(f"{tmp_path}/{pattern}")] == [str(tmp_path / one) for one in names]


def test_a_relative_path_becomes_absolute(
    store: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.csv")
    monkeypatch.chdir(tmp_path)
    assert store.find("*.csv")[0].uri == str(tmp_path / "a.csv")


def test_links_are_followed_and_lead_round_no_circle(store: Local, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/a.csv")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/round").symlink_to(tmp_path / "in")
    assert [one.uri for one in store.find(str(tmp_path / "in"))] == [str(tmp_path / "in/link/a.csv")]


def test_a_link_that_leads_nowhere_is_not_passed_over(store: Local, tmp_path: Path) -> None:
    write(tmp_path / "in/a.csv")
    (tmp_path / "in/b.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(JobError, match=r"b\.csv is no regular file"):
        store.find(str(tmp_path / "in"))


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("none.csv", r"there is no file .*none\.csv"),
        ("*.csv", r"there is no file .*\*\.csv"),
        ("a.txt/b", "there is no file"),
        ("empty", "there are no files in .*empty"),
        ("pipe", "pipe is no regular file"),
    ],
)
def test_nothing_found_is_refused(store: Local, tmp_path: Path, pattern: str, sentence: str) -> None:
    write(tmp_path / "a.txt")
    write(tmp_path / "empty/_hidden")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JobError, match=sentence) as refused:
        store.find(str(tmp_path / pattern))
    assert refused.value.exit_code == 2 and refused.value.hint


def test_a_name_that_is_not_utf8_is_refused(store: Local, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")).write_bytes(b"")
    with pytest.raises(JobError, match="is not UTF-8"):
        store.find(str(tmp_path))
