"""A server of the app over an artifact's root, in a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CHECKOUT = Path(__file__).parents[3]
_START_S = 60.0


@dataclass
class Server:
    """``log`` is what it printed; it is whole when the server has ended."""

    address: str
    log: list[str] = field(default_factory=list)


@contextlib.contextmanager
def serving(root: Path) -> Iterator[Server]:
    """A server that answers. It is given its socket, so no other can take the port before it does."""
    environment = {"MODEL_ROOT": str(root), "PYTHONPATH": str(CHECKOUT), "PATH": os.defpath}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "uvicorn", "runtimes.http.app:app", "--fd", str(listening.fileno())]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            pass_fds=[listening.fileno()],
        )  # fmt: skip
        server = Server(f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        _wait(server.address, process)
        yield server
    finally:
        process.terminate()
        server.log += process.communicate(timeout=30)[0].splitlines()


def _wait(address: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{address}/ready")
            return
        time.sleep(0.1)
    raise AssertionError(f"the server did not start: {process.poll()}")
