"""Functions run by the real runtime interface client, under real limits where they can be set."""

import json
import sys
from pathlib import Path

import pytest

from packager import tools
from packager.errors import BenchmarkError
from packager.runtime_api import Function
from packager.tuning.measure import Trial, false_share, measure, processors
from tests.packager.tuning.limits import needs_limits

HELLO = """
def handler(event, context):
    return {"answer": event["question"]}
"""
GREEDY = "held = bytearray(200 << 20)\n" + HELLO
GREEDY_LATER = """
count = 0

def handler(event, context):
    global count, held
    count += 1
    if count > 2:
        held = bytearray(200 << 20)
    return "done"
"""
MOODY = """
count = 0

def handler(event, context):
    global count
    count += 1
    return count
"""
FAILING = """
def handler(event, context):
    raise ValueError("no")
"""
TOLD = """
import os

def handler(event, context):
    return os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
"""
SLOW = """
import time

def handler(event, context):
    time.sleep(600)
"""


def trial(folder: Path, source: str, timeout_s: int = 30) -> Trial:
    (folder / "app.py").write_text(source)
    python = Path(sys.executable)
    function = Function(folder, "app.handler", python, tools.interface_client(python))
    event = json.dumps({"question": "what"}).encode()
    return Trial(function, event, lambda body: None, timeout_s, rounds=1, requests=3)


def quiet(_: str) -> None:
    """Nobody looks."""


def test_sees_cold_starts_warm_requests_memory_and_cpu_time(tmp_path: Path) -> None:
    (seen,) = measure(trial(tmp_path, HELLO), [1769], quiet, limits=False).values()
    assert len(seen.cold_ms) == 1 and len(seen.warm_ms) == len(seen.warm_cpu_ms) == 3
    assert 0 < min(seen.warm_cpu_ms) < seen.cold_cpu_ms[0]
    assert seen.peak_memory_bytes > 5 << 20 and not seen.ended


def test_the_first_answer_is_judged_and_the_others_held_to_it(tmp_path: Path) -> None:
    judged: list[bytes] = []
    once = trial(tmp_path, HELLO)
    asked = Trial(once.function, once.event, judged.append, 30, rounds=2, requests=3)
    measure(asked, [512, 1769], quiet, limits=False)
    assert [json.loads(body) for body in judged] == [{"answer": "what"}]
    with pytest.raises(BenchmarkError, match="not the expected one"):
        measure(trial(tmp_path, MOODY), [1769], quiet, limits=False)


def test_a_function_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="ValueError"):
        measure(trial(tmp_path, FAILING), [1769], quiet, limits=False)


def test_a_function_that_answers_too_late_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.tuning.measure.INIT_S", 0)
    (seen,) = measure(trial(tmp_path, SLOW, timeout_s=1), [1769], quiet, limits=False).values()
    assert seen.failure == "no answer within its time-out of 1 s"


@needs_limits
@pytest.mark.parametrize("source", [GREEDY, GREEDY_LATER], ids=["at its start", "on a later request"])
def test_being_killed_for_its_memory_is_a_finding(tmp_path: Path, source: str) -> None:
    seen = measure(trial(tmp_path, source), [128, 512], quiet)
    assert seen[128].out_of_memory and not seen[512].out_of_memory
    assert len(seen[512].warm_ms) == 3 and seen[512].peak_memory_bytes > 200 << 20


@needs_limits
def test_a_killed_function_is_not_started_again(tmp_path: Path) -> None:
    once = trial(tmp_path, GREEDY)
    rounds: list[str] = []
    measure(Trial(once.function, once.event, once.check, 30, rounds=3, requests=3), [128], rounds.append)
    assert rounds == ["round 1 of 3: 128 MB"]


@needs_limits
def test_the_function_is_told_its_memory(tmp_path: Path) -> None:
    bodies: list[bytes] = []
    once = trial(tmp_path, TOLD)
    measure(Trial(once.function, once.event, bodies.append, 30, 1, 3), [512], quiet)
    assert bodies == [b'"512"']


@needs_limits
def test_a_share_that_is_enforced_is_not_called_false() -> None:
    said = false_share()  # a busy machine may be named, a share that is not real may not
    assert said is None or said.startswith("this machine is busy")


def test_counts_the_processors_that_may_be_used() -> None:
    assert processors() >= 1
