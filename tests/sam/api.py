"""`sam local start-api` as a server that ends with the test."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_START_S = 60.0


@contextmanager
def started(command: Sequence[str], template: Path, cwd: Path) -> Iterator[str]:
    """The address of a server that runs the template's function; the container stays warm."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    arguments = [
        "local",
        "start-api",
        "--template",
        str(template),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    arguments += ["--skip-pull-image", "--warm-containers", "EAGER"]
    log = cwd / "start-api.log"
    with log.open("wb") as sink:
        process = subprocess.Popen([*command, *arguments], cwd=cwd, stdout=sink, stderr=sink)
    try:
        _wait_for(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"sam local start-api does not listen: {log.read_text(errors='replace')[-2000:]}")
