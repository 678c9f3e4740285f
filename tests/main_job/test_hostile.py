"""`packager build` of files that mean harm: nothing runs, there is a sentence, and memory stays bounded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.main_job.hostile import FILES

# What torch and keras take to be imported, and as much again.
MOST_MEMORY_KB = 1_200_000
REFUSED = {4, 5, 7}


@pytest.mark.parametrize("name", FILES)
def test_refuses_the_file_and_runs_nothing_of_it(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "it_ran"
    folder = tmp_path / "given"
    folder.mkdir()
    path = FILES[name](folder, canary)
    answer = tmp_path / "answer.json"
    with answer.open("w") as sink:
        command = [sys.executable, "-m", "packager", "build", str(path), "-o", "json"]
        child = subprocess.Popen(command, cwd=tmp_path, stdout=sink, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert not canary.exists()
    assert not (tmp_path / "dist").exists()
    error = json.loads(answer.read_text(encoding="utf-8"))
    assert child.returncode == error["exit_code"]
    assert error["exit_code"] in REFUSED, error
    assert len(error["error"]["message"]) > 20
    assert "Traceback" not in answer.read_text(encoding="utf-8")
    assert used.ru_maxrss < MOST_MEMORY_KB


def test_there_are_more_than_sixty_of_them() -> None:
    assert len(FILES) > 60
