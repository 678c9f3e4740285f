"""The emulator as a process: started on free ports of the loopback, and always ended with its children."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.errors import ToolError

_START_S = 10.0
_TRIES = 5
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: its port for events, and the file that holds its log and the function's."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running(
    binary: Path, function: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path
) -> Iterator[Emulator]:
    """The emulator around ``function`` (a command), listening; ended with its whole process group."""
    with _unwinding():
        emulator = _start(binary, function, environment, cwd, log)
        try:
            yield emulator
        finally:
            _end(emulator.process)


@contextmanager
def _unwinding() -> Iterator[None]:
    """A SIGTERM (of `timeout`, of CI) unwinds us: it would end this process alone, and the emulator stay."""
    here = threading.current_thread() is threading.main_thread()
    signals = [number for number in _ENDING if here and signal.getsignal(number) is signal.SIG_DFL]
    for number in signals:
        signal.signal(number, _unwind)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)


def _unwind(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _start(
    binary: Path, function: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path
) -> Emulator:
    # A free port may be taken by another program before the emulator opens it: then it dies, and we go on.
    for _ in range(_TRIES):
        port, api_port = _free_ports()
        addresses = (
            "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
            "--runtime-api-address", f"127.0.0.1:{api_port}",
        )  # fmt: skip
        command = [str(binary), "--log-level", "info", *addresses, *function]
        with log.open("wb") as sink:
            process = subprocess.Popen(
                command, cwd=cwd, env=dict(environment), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
            )  # fmt: skip
        if _listens(process, port):
            return Emulator(port, log, process)
        _end(process)
    lines = tuple(log.read_text(errors="replace").splitlines()[:6])
    raise ToolError(f"the emulator did not start in {_TRIES} tries", details=lines)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return process.poll() is None
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM lets the emulator end its function; what is left after two seconds is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
