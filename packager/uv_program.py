"""uv, which fetches everything that is not ours: found, and run away from any project."""

import os
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from packager import cache
from packager.errors import ToolError

Progress = Callable[[str], None]
_MOST_LINES = 200


def silent(_: str) -> None:
    """The progress of a caller who does not look."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a run of uv ended, and the last that it said on stderr."""

    returncode: int
    said: str

    def last(self, lines: int = 6) -> tuple[str, ...]:
        """The last lines that are not empty."""
        return tuple(line.strip() for line in self.said.splitlines() if line.strip())[-lines:]


def find_uv() -> Path | None:
    """The uv that came with packager, or None when its package is damaged."""
    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        return None


def run(arguments: Sequence[str], progress: Progress = silent) -> Done:
    """Run uv in the cache's folder; each line goes to ``progress`` at once.

    Raises ToolError when there is no uv.
    """
    program = find_uv()
    if program is None:
        raise ToolError("uv, which fetches packages, is missing", hint="pip install --force-reinstall uv")
    folder = cache.root()
    folder.mkdir(parents=True, exist_ok=True)
    said: deque[str] = deque(maxlen=_MOST_LINES)
    with subprocess.Popen(
        [str(program), *arguments], cwd=folder, env=_environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
    ) as running:  # fmt: skip
        assert running.stderr is not None  # noqa: S101 - for the type checker
        try:
            for line in filter(None, map(str.rstrip, running.stderr)):
                said.append(line)
                progress(line.strip())
        except BaseException:
            running.kill()
            raise
    return Done(running.returncode, "\n".join(said))


def _environment() -> dict[str, str]:
    """Constraints of another project have no say in what ships or in what converts."""
    foreign = ("UV_CONSTRAINT", "UV_OVERRIDE")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
