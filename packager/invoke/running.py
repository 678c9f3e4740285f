"""One event to an artifact, by the runner that the user names."""

from pathlib import Path
from typing import Literal

from packager import tools
from packager.errors import InvokeError
from packager.invoke import emulator, sam
from packager.invoke.events import read_event
from packager.invoke.invocation import Invocation

Runner = Literal["emulator", "sam"]


def invoke(
    artifact: Path,
    event: Path | None = None,
    runner: Runner = "emulator",
    *,
    image: bool = False,
    progress: tools.Progress = tools.silent,
) -> Invocation:
    """The answer of the artifact in this folder to the event in this file (None: its own example).

    Anything that is not an answer (a crash, a time-out, an error document, a 5xx) is an InvokeError.
    """
    document = read_event(artifact, event)
    if runner == "sam":
        return sam.invoke(artifact, document, image=image, progress=progress).or_error()
    if image:
        raise InvokeError("the emulator runs the zip's folder, not the image", hint="add --with sam")
    return emulator.invoke(artifact, document, progress=progress).or_error()


def times(invocation: Invocation) -> str:
    """What is truly known of how long it took, in a few words."""
    if invocation.init_ms is None or invocation.run_ms is None:
        return "times unknown: the SAM CLI measures only itself"
    return f"init {invocation.init_ms:.1f} ms, run {invocation.run_ms:.1f} ms (by the emulator)"
