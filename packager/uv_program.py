"""uv, which fetches everything that is not ours: found, and run away from any project."""

import os
import re
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
_DISK_FULL = re.compile(r"No space left|os error 28|Disk quota|os error 122", re.I)
_UNKNOWN_ISSUER = re.compile(r"UnknownIssuer|invalid peer certificate", re.I)
_OWN_CERTIFICATES = (
    "this network signs its connections itself: set UV_SYSTEM_CERTS=true to trust what this system trusts, "
    "or SSL_CERT_FILE to the network's certificates"
)


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

    @property
    def disk_is_full(self) -> bool:
        """Whether there was no room for what was fetched."""
        return bool(_DISK_FULL.search(self.said))

    @property
    def way_on(self) -> str | None:
        """What to do where it was the disk, or a network with certificates of its own; else None."""
        if self.disk_is_full:
            return f"free some space, or name another folder in {cache.CACHE_VARIABLE}"
        return _OWN_CERTIFICATES if _UNKNOWN_ISSUER.search(self.said) else None


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
