"""Chooses the strongest proof that a function's cuts can have here."""

from collections.abc import Sequence

from packager import tools
from packager.errors import ArtifactError, VerificationError
from packager.sizes.by_events import ByEvents
from packager.sizes.by_imports import ByImports
from packager.sizes.reading import Opened
from packager.sizes.runnable import Runnable
from packager.sizes.trial import ByReplay, NotRunError, Trial

_MANAGED = (
    "boto3 is in Lambda's managed runtime and not on this machine: to have cuts tried, put it into a copy of "
    "the zip (pip install --target FOLDER boto3), where it is listed by itself"
)
_REPLAYED = "an artifact of packager is asked its own events and every route, so that no --event is needed"


def choose_trial(
    found: Opened, run: Runnable, events: Sequence[bytes], say: tools.Progress
) -> tuple[Trial | None, list[str]]:
    """The strongest proof that can be had here, with what is to be said about it."""
    if run.python is None:
        return None, [f"nothing could be tried: {run.because}"]
    if events and run.handler is None:
        raise ArtifactError(f"no handler was found in {found.path}", "name it: --handler module.function")
    try:
        if found.artifact is not None:
            say("replaying the artifact")
            return ByReplay(found.code, found.artifact, run.python.path), [_REPLAYED] if events else []
        if events and run.handler is not None:
            say(f"asking {run.handler}")
            return ByEvents(found.code, run.handler, run.python.path, events), []
        modules = [run.handler.rpartition(".")[0].replace("/", ".")] if run.handler else _importable(found)
        said = f"importing {run.handler}" if run.handler else "importing what can be imported"
        say(said)
        return ByImports(found.code, modules, run.python.path), [_weak(run)]
    except (NotRunError, VerificationError) as error:
        managed = [_MANAGED] if "No module named 'boto" in str(error) else []
        said = f"nothing could be tried, since the function does not run here as it is: {error}"
        return None, [said, *managed]


def _weak(run: Runnable) -> str:
    if run.handler is None:
        return (
            "no handler was found, so cuts are proven by imports alone: name it with --handler, and --event"
        )
    return f"cuts are proven by importing {run.handler} alone: an --event proves more, and finds more"


def _importable(found: Opened) -> list[str]:
    names = {item.path.removeprefix(found.prefix) for item in found.items}
    folders = {name.split("/")[0] for name in names if name.endswith(("/__init__.py", "/__init__.pyc"))}
    packages = {folder for folder in folders if names & {f"{folder}/__init__.py", f"{folder}/__init__.pyc"}}
    modules = {name.partition(".")[0] for name in names if "/" not in name and name.endswith((".py", ".pyc"))}
    return sorted(name for name in packages | modules if name.isidentifier())
