"""How many threads predict where nobody says it."""

import os
from pathlib import Path

import pytest

from runtimes.batch import processors


@pytest.mark.parametrize(
    ("said", "count"),
    [("max 100000", 8), ("100000 100000", 1), ("150000 100000", 2), ("50000 100000", 1), ("", 8), ("x 0", 8)],
)
def test_a_containers_share_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, count: int
) -> None:
    (tmp_path / "cpu.max").write_text(said + "\n")
    places = (str(tmp_path / "cpu.max"), str(tmp_path / "cpu.cfs_quota_us"))
    monkeypatch.setattr(processors, "_QUOTAS", places)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    assert processors.count() == count


def test_the_older_files_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quota").write_text("300000\n")
    (tmp_path / "period").write_text("100000\n")
    monkeypatch.setattr(processors, "_QUOTAS", (str(tmp_path / "none"), str(tmp_path / "quota")))
    monkeypatch.setattr(processors, "_PERIOD", str(tmp_path / "period"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    assert processors.count() == 3


def test_what_the_process_is_bound_to_is_the_most() -> None:
    assert 1 <= processors.count() <= len(os.sched_getaffinity(0))
