"""The examples do what they say, as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.timeout(600)
def test_a_device_is_updated_and_goes_back_by_the_example(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "edge_update.py", tmp_path / "walk"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = done.stdout.split("\n$ ")
    answers = [step.splitlines()[1:6] for step in steps if step.startswith("python3 -m edge predict")]
    first, second, third = ([json.loads(line)["probabilities"] for line in lines] for lines in answers)
    assert first == third != second
    assert "release 2" in next(step for step in steps if "--from" in step)
    state = json.loads((tmp_path / "walk/device/state.json").read_text())
    assert (state["good"]["number"], state["highest"], state["refused"]["number"]) == (1, 2, 2)
    table = steps[-1].splitlines()
    assert [line.split()[3:7] for line in table[2:]] in (
        [["(release", "1)", "2", "10"], ["(release", "2)", "1", "5"]],
        [["(release", "2)", "1", "5"], ["(release", "1)", "2", "10"]],
    )
