"""Runs a command on a folder that it cannot write to, with an empty environment and the C locale."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.errors import PreflightError

Method = Literal["read-only mount", "permissions and comparison"]

# In a mount namespace of its own the folder is mounted on itself, read-only, and the command follows.
_MOUNT = (
    'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && unset PATH PWD OLDPWD && exec "$@"'
)
_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PROBE = ".packager-can-write"


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Runs a command (its program given as a whole path) in a folder where it cannot write.

    The environment is ``LC_ALL=C`` and the given variables, no more. Where this user may mount, the folder is
    mounted read-only; elsewhere write permissions are taken away for the time and every file is compared
    before and after, which also finds what a user without limits wrote.
    """

    timeout_s: float = 600.0

    def __call__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run it and return what it said; PreflightError when it takes too long or the folder is changed."""
        folder = folder.resolve()
        env = {"LC_ALL": "C", **environment}
        wrapper = _mount_wrapper(folder)
        if wrapper:
            # For the shell that mounts; the command is started without it.
            return self._run([*wrapper, *command], folder, {**env, "PATH": _SYSTEM_PATH})
        before = _state(folder)
        with _unwritable(folder):
            done = self._run(command, folder, env)
        _refuse_changes(before, _state(folder))
        return done

    def method(self, folder: Path) -> Method:
        """Which of the two ways this machine has for the folder."""
        return "read-only mount" if _mount_wrapper(folder.resolve()) else "permissions and comparison"

    def _run(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, errors="replace", timeout=self.timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise PreflightError(
                f"the artifact did not finish within {self.timeout_s:.0f} s in a read-only folder"
            ) from error


def _mount_wrapper(folder: Path) -> list[str]:
    """What goes in front of the command, or nothing where this user may not mount."""
    unshare, shell = shutil.which("unshare"), shutil.which("sh")
    if not sys.platform.startswith("linux") or not unshare or not shell:
        return []
    rights = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    wrapper = [unshare, *rights, "--propagation", "private", shell, "-c", _MOUNT, str(folder)]
    attempt = [*wrapper, shell, "-c", f"if (: > {_PROBE}); then exit 1; fi"]
    done = subprocess.run(
        attempt, env={"PATH": _SYSTEM_PATH}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    (folder / _PROBE).unlink(missing_ok=True)
    return wrapper if done.returncode == 0 else []


def _refuse_changes(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    changed = sorted({path for path, _ in before.items() ^ after.items()})
    if changed:
        raise PreflightError(
            f"the artifact writes into its own folder ({changed[0]}), which is read-only on the target",
            hint="what is written at run time belongs into the temporary folder",
            details=tuple(changed[1:20]),
        )


def _state(folder: Path) -> dict[str, str]:
    """A digest of every file; folders count by their names."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in folder.rglob("*")
    }


@contextmanager
def _unwritable(folder: Path) -> Iterator[None]:
    """Take all write permissions away and give back those that were there."""
    paths = [folder, *folder.rglob("*")]
    modes = [(path, stat.S_IMODE(path.stat().st_mode)) for path in paths if not path.is_symlink()]
    try:
        for path, mode in modes:
            path.chmod(mode & ~0o222)
        yield
    finally:
        for path, mode in modes:
            if path.exists():
                path.chmod(mode)
