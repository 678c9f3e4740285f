"""Gets a container engine for the tests: the one that is there, else a private dockerd of their own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager import containers

_START_S = 30.0
# The host's firewall stays as it is; published ports still work on the loopback through docker-proxy.
_LEAVE_THE_HOST_ALONE = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")


class NotHereError(Exception):
    """No engine can be had on this machine, and why."""


@contextmanager
def container_engine() -> Iterator[containers.Engine]:
    """An engine that has been seen to make a container. DOCKER_HOST names it while this is open."""
    found = containers.find()
    if found is not None:
        reason = containers.why_unable(found)
        if reason is None:
            with _named(found.address):
                yield found
            return
    else:
        reason = "no container engine answers"
    if os.geteuid() != 0:
        raise NotHereError(f"{reason}, and only root can start one")
    if shutil.which("dockerd") is None:
        raise NotHereError(f"{reason}, and dockerd is not installed")
    with _private_dockerd() as address, _named(address):
        engine = containers.find()
        assert engine is not None
        unable = containers.why_unable(engine)
        if unable is not None:
            raise NotHereError(f"dockerd answers and cannot make a container: {unable}")
        yield engine


@contextmanager
def _private_dockerd() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="packager-dockerd-"))
    address = f"unix://{folder / 'docker.sock'}"
    places = ("--data-root", "--exec-root", "--pidfile")
    options = [text for name in places for text in (name, str(folder / name.strip("-")))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["dockerd", "--host", address, *options, *_LEAVE_THE_HOST_ALONE],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(process, folder)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    with _named(f"unix://{folder / 'docker.sock'}"):
        while containers.find() is None:
            if process.poll() is not None or time.monotonic() > deadline:
                last = (folder / "log").read_text(errors="replace").splitlines()[-3:]
                raise NotHereError("dockerd does not start: " + " | ".join(last))
            time.sleep(0.1)


@contextmanager
def _named(address: str) -> Iterator[None]:
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before
