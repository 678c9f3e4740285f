"""What `sam local invoke` prints, judged: the outputs are SAM's own, taken from real runs."""

import pytest

from packager.errors import ToolError
from packager.invoke import sam
from packager.invoke.sam import Printed, judged, refusal

START = "Invoking runtimes.aws_lambda.handler.handler\nSTART RequestId: 1f2e Version: $LATEST\ninit here\n"
END = "END RequestId: 1f2e\nREPORT RequestId: 1f2e\tInit Duration: 0.03 ms\tDuration: 28 ms\n"
CRASHED = (
    "20 Nov 2026 04:31:21,639 [ERROR] (rapid) Invoke failed error=Runtime exited with error: exit status 3\n"
)


def test_an_answer_is_an_answer_with_the_functions_own_lines() -> None:
    found = judged(Printed(0, '{"statusCode": 422, "body": "{}"}', START + END), 3)
    assert (found.failure, found.status, found.log) == (None, 422, ("init here",))
    assert (found.init_ms, found.run_ms) == (None, None)


def test_the_functions_lines_are_found_though_sam_loses_its_own() -> None:
    """SAM loses START now and then, and the client complains when its container goes."""
    lost = (
        "SAM_CONTAINER_ID: 5d6d\ninit here\nmore\n" + END + "[ERROR] [17] LAMBDA_RUNTIME Failed to get next "
    )
    complaint = "[ERROR] [17] LAMBDA_RUNTIME Failed to get next invocation. No Response\nTraceback\n"
    assert sam.function_lines(lost) == ("init here", "more")
    assert sam.function_lines(START + END + complaint) == ("init here",)
    assert sam.function_lines(START + CRASHED + complaint) == ("init here",)
    assert sam.function_lines("Error: no such function\n") == ()


@pytest.mark.parametrize(
    ("printed", "failure"),
    [
        (Printed(0, "", START + CRASHED), "printed no answer"),
        (
            Printed(
                0, '{"errorType": "Runtime.ExitError", "errorMessage": "signal: killed"}', START + CRASHED
            ),
            "the function failed with Runtime.ExitError: signal: killed",
        ),
        (Printed(0, '{"errorMessage": "no", "errorType": "ValueError"}', START + END), "ValueError: no"),
        (Printed(0, '{"errorMessage": "no"}', START + END), "the function failed with an error: no"),
        (Printed(0, '{"statusCode": 502, "body": "bad"}', START + END), "answered with status 502: bad"),
        (Printed(0, "Hello", START + END), "printed no JSON: 'Hello'"),
    ],
    ids=["nothing", "killed", "raised", "no-type", "5xx", "text"],
)
def test_an_exit_code_of_nought_is_not_believed(printed: Printed, failure: str) -> None:
    found = judged(printed, 3)
    assert found.failure is not None and failure in found.failure
    assert not any("(rapid)" in line for line in found.log)


def test_what_ended_a_function_that_is_silent_is_said() -> None:
    """The fields of the emulator's line come in any order."""
    line = "20 Nov 2026 05:56:39,491 [ERROR] (rapid) Init failed "
    reason = "error=Runtime exited with error: signal: killed"
    for fields in (f"{reason} InvokeID=1f2e", f"InvokeID= {reason}"):
        found = judged(Printed(0, "", START + line + fields + "\nmore\n"), 3)
        assert found.failure is not None
        assert found.failure.endswith("did not start (Runtime exited with error: signal: killed)")


def test_a_time_out_is_told_from_silence() -> None:
    stderr = START + "Function 'ModelFunction' timed out after 2 seconds\nNo response from invoke container\n"
    found = judged(Printed(0, "", stderr), 2)
    assert found.timed_out and found.failure == "the function did not answer within its time-out of 2 s"


def test_what_sam_itself_refuses_is_no_failure_of_the_function() -> None:
    stderr = "Invoking handler\nError: Error building docker image: dial tcp: lookup registry: no such host\n"
    error = refusal(Printed(1, "", stderr))
    assert error.message == "sam local invoke ended with 1 before the function started"
    assert error.details == tuple(stderr.splitlines())
    assert error.hint is not None and "base image" in error.hint
    assert refusal(Printed(2, "", "Error: no such option\n")).hint is None


def test_without_a_container_engine_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(ToolError, match="needs a container engine, and none answers") as caught:
        sam.demand_engine()
    assert caught.value.hint is not None and "DOCKER_HOST" in caught.value.hint
