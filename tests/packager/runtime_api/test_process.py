"""Functions as processes of the real runtime interface client."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from packager.runtime_api import running
from tests.packager.runtime_api.small_functions import write_function

pytestmark = pytest.mark.network


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_gives_one_event_after_the_other_to_the_same_process(tmp_path: Path) -> None:
    with running(write_function(tmp_path)) as instance:
        replies = [instance.invoke(b'{"count": true}') for _ in range(3)]
    assert [reply.body for reply in replies] == [b"1", b"2", b"3"]
    assert all(reply.failure is None for reply in replies)


def test_times_go_forward_from_the_start_to_the_answer(tmp_path: Path) -> None:
    with running(write_function(tmp_path)) as instance:
        first, second = instance.invoke(b"{}"), instance.invoke(b"{}")
        waited_ns = instance.waited_ns()
    assert instance.began_ns < first.given_ns < first.answered_ns < second.given_ns < second.answered_ns
    assert waited_ns is not None
    assert 0 <= waited_ns < second.answered_ns - instance.began_ns


def test_equal_events_get_answers_equal_to_the_byte(tmp_path: Path) -> None:
    function = write_function(tmp_path)
    bodies = set()
    for _ in range(2):
        with running(function) as instance:
            bodies |= {instance.invoke(b"{}").body, instance.invoke(b"{}").body}
    assert len(bodies) == 1


def test_an_event_of_three_megabytes_arrives_whole(tmp_path: Path) -> None:
    event = json.dumps({"text": "x" * 3_000_000}).encode()
    with running(write_function(tmp_path)) as instance:
        assert json.loads(instance.invoke(event).body)["length"] == 3_000_000 + len("{'text': ''}")


def test_an_error_of_the_handler_is_a_failure_and_the_process_goes_on(tmp_path: Path) -> None:
    with running(write_function(tmp_path)) as instance:
        failed, after = instance.invoke(b'{"raise": "no such row"}'), instance.invoke(b'{"count": 1}')
    assert failed.failure is not None
    assert "on the event" in failed.failure and "no such row" in failed.failure
    assert after.body == b"2"


def test_an_error_of_the_start_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    with running(write_function(tmp_path, "raise RuntimeError('the model is damaged')")) as instance:
        failed = instance.invoke(b"{}")
    assert failed.failure is not None
    assert "while it started" in failed.failure and "the model is damaged" in failed.failure


def test_a_process_that_ends_is_a_failure_at_once(tmp_path: Path) -> None:
    with running(write_function(tmp_path)) as instance:
        failed = instance.invoke(b'{"exit": 3}', timeout_s=60)
        assert failed.failure == "its process ended with exit code 3"
        assert instance.exit_code() == 3
        assert instance.last_lines() == ("starting",)


def test_a_function_that_does_not_answer_in_time_is_a_failure(tmp_path: Path) -> None:
    function = write_function(tmp_path, "import time\ndef handler(event, context): time.sleep(60)")
    with running(function) as instance:
        assert instance.invoke(b"{}", timeout_s=1.0).failure == "it gave no answer within 1 s"


def test_nothing_of_the_callers_environment_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with running(write_function(tmp_path)) as instance:
        seen = json.loads(instance.invoke(b'{"environment": 1}').body)
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert seen["COLOUR"] == "blue"
    assert seen["LAMBDA_TASK_ROOT"] == str(tmp_path)


def test_a_process_that_is_killed_tells_the_signal(tmp_path: Path) -> None:
    code = "import os\ndef handler(event, context): os.kill(os.getpid(), 11)"
    with running(write_function(tmp_path, code)) as instance:
        failure = instance.invoke(b"{}").failure
    assert failure is not None and failure.startswith("its process was ended by signal 11 (")


def test_a_process_that_ends_between_two_events_is_a_failure_of_the_second(tmp_path: Path) -> None:
    with running(write_function(tmp_path)) as instance:
        assert instance.invoke(b"{}").failure is None
        time.sleep(0.2)  # it asks for the next event
        instance.process.kill()
        instance.process.wait()
        failed = instance.invoke(b"x" * 5_000_000)
    assert failed.failure is not None and "signal 9" in failed.failure


@pytest.mark.parametrize("apart", [False, True])
def test_ends_the_function_with_all_that_it_started(tmp_path: Path, apart: bool) -> None:
    with running(write_function(tmp_path)) as instance:
        child = int(instance.invoke(json.dumps({"child": 1, "apart": apart}).encode()).body)
        assert is_running(child)
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child)
    assert not is_running(instance.process.pid)


def test_prepares_the_child_before_it_becomes_the_function(tmp_path: Path) -> None:
    function = replace(write_function(tmp_path), environment={})
    with running(function, prepare=lambda: os.nice(1)) as instance:
        instance.invoke(b"{}")
        niceness = int(Path(f"/proc/{instance.process.pid}/stat").read_text().rpartition(")")[2].split()[16])
    assert niceness == os.getpriority(os.PRIO_PROCESS, 0) + 1


def test_knows_the_peak_memory_and_the_threads(tmp_path: Path) -> None:
    with running(write_function(tmp_path)) as instance:
        instance.invoke(b"{}")
        small, alone = instance.peak_memory_bytes(), instance.threads()
        instance.invoke(b'{"grow_bytes": 50000000, "thread": 1}')
        assert instance.peak_memory_bytes() > small + 45_000_000
        assert (alone, instance.threads()) == (1, 2)
