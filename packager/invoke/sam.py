"""Runs an artifact through the SAM CLI, and judges what it prints: SAM ends with 0 on failures, too."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager import containers, tools
from packager.errors import ArtifactError, ToolError
from packager.invoke.invocation import Invocation, Json, failure_in, last_lines, status_in
from packager.invoke.log import EMULATORS_OWN, death_in
from packager.invoke.template import Function, read_function

TEMPLATE = "template.yaml"
IMAGE_TEMPLATE = "template-image.yaml"

# SAM may fetch an image of some hundred megabytes before it starts the function.
_PATIENCE_S = 900
_TIMED_OUT = re.compile(r"Function '.*' timed out after")
_BEGIN = re.compile(r"^SAM_CONTAINER_ID: |START RequestId: \S+ Version")
_END = re.compile(r"^END RequestId: |LAMBDA_RUNTIME Failed to get next invocation")


@dataclass(frozen=True, slots=True)
class Printed:
    """What one `sam` command ended with."""

    exit_code: int
    stdout: str
    stderr: str


def run(command: Sequence[str], arguments: Sequence[str], cwd: Path) -> Printed:
    """Run `sam` (``command`` of tools.fetch_sam) with its telemetry off and a region, which it demands."""
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "SAM_CLI_TELEMETRY": "0"}
    try:
        done = subprocess.run(
            [*command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"sam {' '.join(arguments[:2])} did not end within {_PATIENCE_S} s") from error
    return Printed(done.returncode, done.stdout, done.stderr)


def invoke(
    artifact: Path, event: Json, *, image: bool = False, progress: tools.Progress = tools.silent
) -> Invocation:
    """One event to a fresh container: the zip's function folder, or with ``image`` the container image.

    Nothing is written into the artifact. The times stay None: SAM knows only its own.
    """
    function = read_function(artifact)
    engine = demand_engine()
    command = tools.fetch_sam(progress)
    with tempfile.TemporaryDirectory(prefix="packager-sam-") as scratch:
        template = _built_image(command, artifact, Path(scratch), progress) if image else artifact / TEMPLATE
        event_file = Path(scratch) / "event.json"
        event_file.write_text(json.dumps(event), encoding="utf-8")
        arguments = ["local", "invoke", function.logical_id, "--template", str(template.resolve())]
        arguments += ["--event", str(event_file)]
        if image or has_base_image(engine, function):
            arguments.append("--skip-pull-image")
        progress("running sam local invoke")
        printed = run(command, arguments, Path(scratch))
    if printed.exit_code != 0:
        raise refusal(printed)
    return judged(printed, function.timeout_s)


def refusal(printed: Printed) -> ToolError:
    """SAM's own failure: it never came to start the function."""
    said = last_lines(tuple((printed.stderr or printed.stdout).splitlines()))
    about_image = any("image" in line for line in said)
    return ToolError(
        f"sam local invoke ended with {printed.exit_code} before the function started",
        hint="SAM runs it in Lambda's base image: connect to its registry once, or invoke without --with sam"
        if about_image
        else None,
        details=said,
    )


def demand_engine() -> containers.Engine:
    """The container engine that SAM will use, or a sentence about what to do."""
    engine = containers.find()
    if engine is None:
        raise ToolError(
            "sam local needs a container engine, and none answers",
            hint="start Docker or Finch (or name its socket in DOCKER_HOST), or invoke without --with sam",
        )
    return engine


def has_base_image(engine: containers.Engine, function: Function) -> bool:
    """Whether the image that SAM runs a zip in is here already: then SAM need not ask a registry for it."""
    name = f"/lambda/python:{function.python_version}-{function.arch}"
    return any(image.endswith(name) for image in containers.image_names(engine))


def judged(printed: Printed, timeout_s: int) -> Invocation:
    """The invocation that SAM's output tells of."""
    log = function_lines(printed.stderr)
    timed_out = _TIMED_OUT.search(printed.stderr) is not None
    document, failure = _document(printed)
    death = death_in(printed.stderr)
    if death and not printed.stdout.strip():
        failure = f"{failure} ({death})"
    if timed_out:
        failure = f"the function did not answer within its time-out of {timeout_s} s"
    return Invocation(
        document=document,
        status=status_in(document),
        init_ms=None,
        run_ms=None,
        log=log if failure is None else last_lines(log or tuple(printed.stderr.splitlines())),
        timed_out=timed_out,
        failure=failure,
    )


def function_lines(stderr: str) -> tuple[str, ...]:
    """What the function itself wrote, between SAM's own lines.

    Now and then SAM loses the START line, so the container's id begins it as well. What comes after the end
    is the client's complaint that its container is being taken away.
    """
    lines = stderr.splitlines()
    begins = [number for number, line in enumerate(lines) if _BEGIN.search(line)]
    own = lines[begins[0] + 1 :] if begins else []
    ends = [number for number, line in enumerate(own) if _END.search(line)]
    return tuple(
        line for line in own[: min(ends, default=None)] if line.strip() and not EMULATORS_OWN.search(line)
    )


def _document(printed: Printed) -> tuple[Json, str | None]:
    if not printed.stdout.strip():
        return None, "sam local invoke ended with 0 and printed no answer: the function did not start"
    try:
        document: Json = json.loads(printed.stdout)
    except ValueError:
        return None, f"sam local invoke printed no JSON: {printed.stdout[:300]!r}"
    return document, failure_in(document)


def _built_image(command: Sequence[str], artifact: Path, scratch: Path, progress: tools.Progress) -> Path:
    """Build the container image from the artifact's own context, and return the template that names it."""
    template = artifact / IMAGE_TEMPLATE
    if not template.is_file():
        raise ArtifactError(f"{artifact} has no {IMAGE_TEMPLATE}", hint="build it with --image")
    progress("building the container image")
    dest = scratch / "build"
    printed = run(
        command, ["build", "--template", str(template.resolve()), "--build-dir", str(dest)], scratch
    )
    if printed.exit_code != 0:
        raise ToolError(
            "sam build could not make the image", details=last_lines(tuple(printed.stderr.splitlines()))
        )
    return dest / TEMPLATE
