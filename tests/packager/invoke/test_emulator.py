"""A function run by Lambda's own emulator: real processes, real ports, no container."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager.errors import InvokeError, ToolError
from packager.invoke import emulator
from tests.packager.invoke.functions import THIS_ARCH, write_artifact

pytestmark = pytest.mark.network


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_first_event_finds_the_function_cold_and_the_next_ones_warm(tmp_path: Path) -> None:
    with emulator.session(write_artifact(tmp_path)) as instance:
        first, second, third = (instance.invoke({}) for _ in range(3))
    assert isinstance(first.document, dict) and isinstance(third.document, dict)
    assert first.init_ms is not None and first.init_ms > 0
    assert first.run_ms is not None and first.run_ms > 0
    assert (second.init_ms, third.init_ms) == (None, None)
    assert (first.document["count"], third.document["count"]) == (1, 3)
    assert first.document["pid"] == third.document["pid"]


def test_the_function_is_told_what_lambda_would_tell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    artifact = write_artifact(tmp_path, timeout_s=4)
    document = emulator.invoke(artifact, {}).document
    assert isinstance(document, dict)
    told = document["environment"]
    assert isinstance(told, dict)
    folder = str((artifact / "function").resolve())
    assert document["cwd"] == told["LAMBDA_TASK_ROOT"] == folder
    assert document["memory_mb"] == told["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "384"
    assert told["AWS_LAMBDA_FUNCTION_NAME"] == "ModelFunction"
    assert told["GREETING"] == "hello: world"
    assert isinstance(document["left_ms"], int) and 0 < document["left_ms"] <= 4000
    assert "OF_THE_CALLER" not in told


def test_a_package_of_the_interpreter_is_missing_as_it_is_on_lambda(tmp_path: Path) -> None:
    failure = emulator.invoke(write_artifact(tmp_path), {"import": "pytest"}).failure
    assert failure is not None and "No module named 'pytest'" in failure


def test_variables_can_be_added_for_a_session(tmp_path: Path) -> None:
    with emulator.session(write_artifact(tmp_path), environment={"GREETING": "bye", "MORE": "1"}) as instance:
        document = instance.invoke({}).document
    assert isinstance(document, dict) and isinstance(document["environment"], dict)
    assert (document["environment"]["GREETING"], document["environment"]["MORE"]) == ("bye", "1")


def test_running_leaves_the_artifact_and_the_machine_as_they_were(tmp_path: Path) -> None:
    artifact = write_artifact(tmp_path)
    before = files_in(artifact)
    with emulator.session(artifact) as instance:
        document = instance.invoke({}).document
    assert isinstance(document, dict) and isinstance(document["pid"], int)
    assert files_in(artifact) == before
    assert not is_alive(document["pid"])


def test_an_error_inside_a_session_ends_the_function_too(tmp_path: Path) -> None:
    pids: list[int] = []
    with pytest.raises(KeyError), emulator.session(write_artifact(tmp_path)) as instance:
        document = instance.invoke({}).document
        assert isinstance(document, dict) and isinstance(document["pid"], int)
        pids.append(document["pid"])
        raise KeyError
    assert not is_alive(pids[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_us_ends_the_function_too(number: signal.Signals, tmp_path: Path) -> None:
    artifact = write_artifact(tmp_path)
    code = (
        "import os, signal, sys; from pathlib import Path; from packager.invoke import emulator\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored\n"
        "with emulator.session(Path(sys.argv[1])) as instance:\n"
        "    print(instance.invoke({}).document['pid'], flush=True)\n"
        "    os.kill(os.getpid(), int(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, str(artifact), str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 128 + number, done.stderr
    assert not is_alive(int(done.stdout))


def test_a_time_out_is_said_and_the_next_event_finds_a_fresh_instance(tmp_path: Path) -> None:
    with emulator.session(write_artifact(tmp_path, timeout_s=3)) as instance:
        before = time.monotonic()
        late = instance.invoke({"sleep_s": 30})
        assert time.monotonic() - before < 20
        after = instance.invoke({})
    assert late.timed_out and late.failure == "the function did not answer within its time-out of 3 s"
    assert isinstance(after.document, dict) and after.document["count"] == 1 and after.init_ms is not None


def test_a_crash_at_init_is_an_error_with_the_functions_own_words(tmp_path: Path) -> None:
    with emulator.session(write_artifact(tmp_path), environment={"CRASH_AT_INIT": "1"}) as instance:
        invocation = instance.invoke({})
    with pytest.raises(InvokeError, match=r"RuntimeError: model/model\.onnx is damaged") as caught:
        invocation.or_error()
    assert any("handler.py" in line for line in caught.value.details)
    assert caught.value.details[0].startswith("function: init in")
    assert not any("importlib" in line for line in caught.value.details)


def test_a_process_that_a_signal_ends_at_init_is_said_to_have_ended(tmp_path: Path) -> None:
    """As the engine's library does when the file is cut off."""
    with emulator.session(write_artifact(tmp_path), environment={"DIE_AT_INIT": "1"}) as instance:
        failure = instance.invoke({}).failure
    assert failure == (
        "the function's process ended without an answer: Runtime exited with error: signal: bus error"
    )


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"raise": "a bad row"}, "the function failed with ValueError: a bad row"),
        ({"exit": 3}, "Runtime exited with error: exit status 3"),
        ({"answer": {"statusCode": 500, "body": "broken"}}, "the function answered with status 500: broken"),
        ({"answer_bytes": 7_000_000}, "Response payload size exceeded"),
    ],
    ids=["raises", "exits", "answers-500", "answers-too-much"],
)
def test_what_is_no_answer_fails_and_the_next_event_is_served(
    event: dict[str, object], failure: str, tmp_path: Path
) -> None:
    with emulator.session(write_artifact(tmp_path)) as instance:
        instance.invoke({})
        failed = instance.invoke(event)  # type: ignore[arg-type]
        served = instance.invoke({"answer": {"statusCode": 422}})
    assert failed.failure is not None and failure in failed.failure
    assert (served.failure, served.status) == (None, 422)


def test_an_event_that_lambda_would_not_take_is_not_sent(tmp_path: Path) -> None:
    with emulator.session(write_artifact(tmp_path)) as instance:
        with pytest.raises(InvokeError, match=r"the event is 7\.0 MB, and Lambda takes 6\.3 MB"):
            instance.invoke("x" * 7_000_000)
        assert instance.invoke({"answer": 1}).document == 1


def test_the_log_holds_the_functions_lines_and_none_of_the_emulators(tmp_path: Path) -> None:
    with emulator.session(write_artifact(tmp_path)) as instance:
        cold, warm = instance.invoke({"answer": 1}), instance.invoke({"answer": 2})
    assert [line.rpartition(" ")[0] for line in cold.log[:1]] == ["function: init in"]
    assert cold.log[1:] == warm.log == ("function: event ['answer']",)


def test_sources_run_on_another_python_and_byte_code_alone_does_not(tmp_path: Path) -> None:
    artifact = write_artifact(tmp_path, runtime="python3.99")
    assert emulator.invoke(artifact, {"answer": "yes"}).document == "yes"
    handler = artifact / "function" / "runtimes" / "aws_lambda" / "handler.py"
    handler.rename(handler.with_suffix(".pyc"))
    with pytest.raises(ToolError, match=r"compiled for Python 3\.99, and no Python 3\.99") as caught:
        emulator.invoke(artifact, {})
    assert caught.value.hint is not None and "uv python install 3.99" in caught.value.hint


def test_an_artifact_for_another_architecture_is_not_started(tmp_path: Path) -> None:
    other = {"x86_64": "arm64", "arm64": "x86_64"}[THIS_ARCH]
    with pytest.raises(ToolError, match=f"the artifact is for {other} and this machine is"):
        emulator.invoke(write_artifact(tmp_path, arch=other), {})


def test_sessions_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    one, other = write_artifact(tmp_path / "one"), write_artifact(tmp_path / "other")
    with emulator.session(one) as first, emulator.session(other) as second:
        answers = [session.invoke({}).document for session in (first, second, first)]
    folders = [answer["cwd"] for answer in answers if isinstance(answer, dict)]
    assert folders == [str(path / "function") for path in (one, other, one)]
