"""Runs a function folder by Lambda's Runtime Interface Emulator and awslambdaric: no container, no AWS."""

import http.client
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packager import resources, tools
from packager.errors import InvokeError, ToolError
from packager.invoke import process
from packager.invoke.interpreter import interpreter_for
from packager.invoke.invocation import Invocation, Json, failure_in, last_lines, status_in
from packager.invoke.log import Reading, read_new
from packager.invoke.template import Function, read_function
from packager.runtime_api.environment import REGION, variables

_ROUTE = "/2015-03-31/functions/function/invocations"
_TIMED_OUT = "Task timed out after "
# The emulator itself ends an invocation at the function's time-out. This is only for one that hangs.
_PATIENCE_S = 60


class Session:
    """One instance of the function: its first event is a cold start, the others find it warm."""

    def __init__(self, function: Function, emulator: process.Emulator) -> None:
        self._function = function
        self._emulator = emulator
        self._log_offset = 0

    def invoke(self, event: Json) -> Invocation:
        """Post one event and wait for its outcome, whatever it is."""
        posted = json.dumps(event).encode()
        _demand_takeable(posted)
        status, body = self._post(posted)
        reading, self._log_offset = read_new(self._emulator.log, self._log_offset)
        return _judged(status, body, reading, self._function.timeout_s)

    def _post(self, body: bytes) -> tuple[int, str]:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._emulator.port, timeout=self._function.timeout_s + _PATIENCE_S
        )
        try:
            connection.request("POST", _ROUTE, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", errors="replace")
        except (OSError, http.client.HTTPException) as error:
            reading, _ = read_new(self._emulator.log, self._log_offset)
            raise InvokeError(
                f"the emulator gave no answer: {error!r}", details=last_lines(reading.function_lines)
            ) from error
        finally:
            connection.close()


@contextmanager
def session(
    artifact: Path,
    *,
    environment: Mapping[str, str] | None = None,
    progress: tools.Progress = tools.silent,
) -> Iterator[Session]:
    """Start the artifact's function as Lambda would, and end it.

    ``environment`` adds to the template's variables, or replaces them. Nothing else of the caller's
    environment reaches the function, nor anything that is installed for its interpreter.
    """
    function = read_function(artifact)
    _demand_host_arch(function)
    python = interpreter_for(function)
    binary, client = tools.emulator(progress), tools.interface_client(python, progress)
    # -S: a package that is only in the interpreter's own site-packages is missing on Lambda, too.
    command = [str(python), "-S", "-m", "awslambdaric", function.handler]
    told = _variables(function, client) | dict(environment or {})
    with (
        tempfile.TemporaryDirectory(prefix="packager-invoke-") as scratch,
        process.running(binary, command, told, function.folder, Path(scratch) / "log") as emulator,
    ):
        yield Session(function, emulator)


def invoke(artifact: Path, event: Json, *, progress: tools.Progress = tools.silent) -> Invocation:
    """One event to a fresh instance: the outcome of a cold start."""
    with session(artifact, progress=progress) as instance:
        return instance.invoke(event)


def _demand_takeable(posted: bytes) -> None:
    """Lambda refuses a larger event; the emulator cuts it off and gives the function the rest."""
    most = tomllib.loads((resources.DATA / "lambda_limits.toml").read_text())["function"]["payload_bytes"]
    if len(posted) > most:
        raise InvokeError(
            f"the event is {len(posted) / 1e6:.1f} MB, and Lambda takes {most / 1e6:.1f} MB",
            hint="send fewer rows, or large tensors as base64",
        )


def _demand_host_arch(function: Function) -> None:
    if function.arch != tools.host_arch():
        raise ToolError(
            f"the artifact is for {function.arch} and this machine is {tools.host_arch()}",
            hint=f"build it with --arch {tools.host_arch()} to run it here",
        )


def _variables(function: Function, client: Path) -> dict[str, str]:
    """Lambda's own environment, then the template's."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
    return {
        **variables(function.folder, client, function.logical_id, function.memory_mb, region),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        **function.environment,
    }


def _judged(status: int, body: str, reading: Reading, timeout_s: int) -> Invocation:
    timed_out = body.startswith(_TIMED_OUT)
    document: Json = None
    if timed_out:
        failure: str | None = f"the function did not answer within its time-out of {timeout_s} s"
    else:
        try:
            document = json.loads(body)
        except ValueError:
            failure = f"the function answered with status {status} and no JSON: {body[:300]!r}"
            if reading.died:
                failure = f"the function's process ended without an answer: {reading.died}"
        else:
            failure = failure_in(document)
            if failure is None and status != 200:
                failure = f"the function failed with status {status}: {body[:300]}"
    return Invocation(
        document=document,
        status=status_in(document),
        init_ms=reading.init_ms,
        run_ms=reading.run_ms,
        log=reading.function_lines if failure is None else last_lines(reading.function_lines),
        timed_out=timed_out,
        failure=failure,
    )
