"""`packager build` of files that mean harm: nothing runs, there is a sentence, and memory stays bounded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.main_job.hostile import FILES

# What torch and keras take to be imported, and as much again.
MOST_MEMORY_KB = 1_200_000
REFUSED = {4, 5, 7}
# The largest memory of the command and of all that it starts, measured from a process that is small itself:
# what a large one starts has, for a moment, its size.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.parametrize("name", FILES)
def test_refuses_the_file_and_runs_nothing_of_it(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "it_ran"
    folder = tmp_path / "given"
    folder.mkdir()
    path = FILES[name](folder, canary)
    command = [sys.executable, "-m", "packager", "build", str(path), "-o", "json"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command], cwd=tmp_path, capture_output=True, text=True
    )
    assert not canary.exists()
    assert not (tmp_path / "dist").exists()
    exit_code, memory_kb = map(int, done.stderr.splitlines()[-1].split())
    error = json.loads(done.stdout)
    assert exit_code == error["exit_code"]
    assert exit_code in REFUSED, error
    assert len(error["error"]["message"]) > 20
    assert "Traceback" not in done.stdout
    assert memory_kb < MOST_MEMORY_KB


def test_there_are_more_than_sixty_of_them() -> None:
    assert len(FILES) > 60
