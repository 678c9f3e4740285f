"""Runs a batch job on this machine, as it is shipped, in an environment of what it requires."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager import environments, interpreters, recipes, tools
from packager.errors import ConfigError, DependencyError

RECIPE = "batch_job"
DONE, TRY_AGAIN, PERMANENT, INTERRUPTED = 0, 1, 2, 75
"""How a job ends (docs/contracts.md)."""
_ENVIRONMENT = ("PYTHONPATH", "PYTHONHOME", "MODEL_ROOT", "ENGINE_LIBRARY")
"""What of the user's own variables would put something else in the place of what ships."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job's folder, the Python of an environment for it, and for another processor this machine's
    ``library`` of the engine."""

    root: Path
    python: Path
    library: Path | None

    @property
    def variables(self) -> dict[str, str]:
        """What it has to be told."""
        return {"ENGINE_LIBRARY": str(self.library)} if self.library else {}

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Its command line, for its own folder."""
        return [str(self.python), "-B", "-m", "runtimes.batch", *arguments]

    def run(self, arguments: Sequence[str], stderr: int | None = None) -> "subprocess.Popen[str]":
        """Start it in the user's folder, so that relative paths mean what he sees. Its progress goes where
        ours does, unless ``stderr`` is PIPE; stdout, which holds its metrics, is the caller's."""
        own = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT}
        command = [str(self.python), "-B", str(self.root.resolve()), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env={**own, **self.variables}, stdin=subprocess.DEVNULL, stdout=pipe, stderr=stderr,
            text=True, encoding="utf-8",
        )  # fmt: skip


def refuse_own(options: Sequence[str], own: Sequence[str]) -> None:
    """ConfigError where ``options``, meant for the job, name one of ``own``, which packager says to it.

    It would go before what packager looks at. The job takes options that are cut short, too.
    """
    for word in options:
        given = word.partition("=")[0]
        for option in own:
            if len(given) > len("--") and option.startswith(given):
                raise ConfigError(
                    f"{word} stands among the job's own options, and {option} is one of packager's",
                    f"write {option} before the --",
                )


def open_job(
    root: Path,
    python: Path,
    library: Path | None,
    say: tools.Progress = tools.silent,
    *,
    offline: bool = False,
) -> Job:
    """The job in ``root``, with an environment for ``python``'s version, which the cache keeps."""
    found = interpreters.examine(python)
    if found is None:
        raise DependencyError(
            f"{python} is no CPython that a job could run on", "packager doctor says what is here"
        )
    version = ".".join(found.version.split(".")[:2])
    recipe = replace(recipes.recipe(RECIPE), pythons=(version,))
    return Job(root, environments.find(recipe, say, offline).python, library)
