"""Runs a bundle's golden inputs by its own code, and its updater, in processes bounded in time and memory."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from edge.update.errors import UnfitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.update.contents import Contents

_MB = 1024 * 1024
_LEAST_BYTES = 128 * _MB
_TAIL_BYTES = 4096
_ERROR = "error: "
_PROOFS = (
    ("edge", "selftest", "the golden inputs failed"),
    # A version whose updater does not run would be the last one of its device.
    ("edge.update", "check", "the release could not be updated again"),
)
_REDIRECTING = ("MODEL_ROOT", "ENGINE_LIBRARY")
"""These would let it prove another bundle than the one it lies in."""


class Proof:
    """Asks a bundle to prove itself: within ``limit_s``, with twice the memory of its profile at most."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def __call__(self, root: str, contents: Contents) -> None:
        """UnfitError with the bundle's own words where it does not answer as it should."""
        data_bytes = max(2 * contents.device.memory_mb * _MB, _LEAST_BYTES)
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in _REDIRECTING and not key.startswith("PYTHON")
        }
        environment.update(PYTHONPATH=root, PYTHONDONTWRITEBYTECODE="1")
        for module, command, what in _PROOFS:
            program = [sys.executable, "-s", "-m", module, command]
            why = run(program, root, environment, self._limit_s, data_bytes)
            if why:
                raise UnfitError(f"{what} on this device: {why}")


def run(
    command: Sequence[str], folder: str, environment: dict[str, str], limit_s: float, data_bytes: int | None
) -> str | None:
    """Run a command to its end; why it failed, or None. It is killed with all its children at the limit."""

    def bound() -> None:
        # A sandbox that forbids this has limits of its own.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if data_bytes is not None:
                resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))

    try:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True, preexec_fn=bound,  # noqa: PLW1509 - one thread
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return f"it cannot be started: {error}"
    assert process.stderr is not None  # noqa: S101 - asked for above
    with process.stderr:
        said = _listen(process.stderr.fileno(), process, time.monotonic() + limit_s)
    if said is None:
        return f"it took longer than {limit_s:g} s"
    return _verdict(process.returncode, said)


def _listen(stream: int, process: subprocess.Popen[bytes], ends: float) -> bytes | None:
    """The last of what the process says, or None where its time is over; it has ended in both cases."""
    said = b""
    try:
        while process.poll() is None:
            left = ends - time.monotonic()
            if left <= 0:
                return None
            if select.select([stream], [], [], min(left, 0.2))[0]:
                piece = os.read(stream, 65536)
                said = (said + piece)[-_TAIL_BYTES:]
                if not piece:
                    try:
                        process.wait(max(0.0, ends - time.monotonic()))
                    except subprocess.TimeoutExpired:
                        return None
        return (said + _rest(stream))[-_TAIL_BYTES:]
    finally:
        _end(process)


def _rest(stream: int) -> bytes:
    """What is left in the pipe, without waiting for a grandchild that holds it open."""
    if select.select([stream], [], [], 0)[0]:
        return os.read(stream, 65536)
    return b""


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _verdict(code: int, said: bytes) -> str | None:
    if code == 0:
        return None
    ended = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line[len(_ERROR) :] for line in lines if line.startswith(_ERROR)]
    told = (errors or lines)[-1:]
    return f"{told[0][:500]} ({ended})" if told else f"{ended}, without a word"
