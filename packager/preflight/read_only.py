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

# In a mount namespace of its own: the folder is mounted on itself, read-only, and the command follows.
_MOUNT = (
    'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && unset PATH PWD OLDPWD && exec "$@"'
)
_PROBE = ".packager-can-write"
_LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Run:
    """What the command said, and by which means the folder was kept from it."""

    stdout: str
    stderr: str
    method: Method


def runs_read_only(
    folder: Path, command: Sequence[str], variables: Mapping[str, str] | None = None, timeout_s: float = 300
) -> Run:
    """Run ``command`` (an absolute program) in ``folder``; PreflightError when it fails or writes there.

    The environment is empty but for ``LC_ALL=C`` and ``variables``. Where a mount namespace can be had, the
    folder is mounted read-only; elsewhere write permissions are taken away for the time, and every file
    is compared before and after.
    """
    folder = folder.resolve()
    env = {"LC_ALL": "C", **(variables or {})}
    wrapper = _mount_wrapper(folder)
    if wrapper:
        return _run(folder, [*wrapper, *command], env, "read-only mount", timeout_s)
    before = _state(folder)
    with _unwritable(folder):
        run = _run(folder, list(command), env, "permissions and comparison", timeout_s)
    changed = sorted(path for path, _ in _state(folder).items() ^ before.items())
    if changed:
        raise PreflightError(
            f"the artifact writes into its own folder ({changed[0]}), which is read-only on the target",
            hint="whatever is written at run time belongs into the temporary folder",
            details=tuple(dict.fromkeys(changed[1:20])),
        )
    return run


def _mount_wrapper(folder: Path) -> list[str]:
    """The command in front of the command, or nothing where this user may not mount."""
    unshare, shell = shutil.which("unshare"), shutil.which("sh")
    if not sys.platform.startswith("linux") or not unshare or not shell:
        return []
    rights = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    wrapper = [unshare, *rights, "--propagation", "private", shell, "-c", _MOUNT, str(folder)]
    probe = f"if : > {_PROBE}; then exit 1; fi"
    done = subprocess.run([*wrapper, shell, "-c", probe], capture_output=True, timeout=30, check=False)
    (folder / _PROBE).unlink(missing_ok=True)
    return wrapper if done.returncode == 0 else []


def _run(folder: Path, command: Sequence[str], env: dict[str, str], method: Method, timeout_s: float) -> Run:
    # The mounting shell needs a PATH; the command itself is started with none.
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} if method == "read-only mount" else {}
    try:
        done = subprocess.run(
            command, cwd=folder, env={**env, **path}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise PreflightError(
            f"the artifact did not finish within {timeout_s:.0f} s in a read-only folder"
        ) from error
    if done.returncode != 0:
        raise PreflightError(
            f"the artifact does not run where it cannot write (exit code {done.returncode})",
            details=tuple((done.stderr or done.stdout).splitlines()[-_LAST_LINES:]),
        )
    return Run(done.stdout, done.stderr, method)


def _state(folder: Path) -> dict[str, str]:
    """A digest of every file; folders count by their names."""
    state = {}
    for path in folder.rglob("*"):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        state[path.relative_to(folder).as_posix()] = content
    return state


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
