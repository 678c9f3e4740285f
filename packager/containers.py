"""Asks a container engine, over its socket, whether it is there, what images it has, and whether it works."""

import http.client
import io
import json
import os
import socket
import struct
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from packager import tools
from packager.errors import ToolError

_PROBE_MEMORY_BYTES = 64 << 20
_ARCHITECTURES = {"x86_64": (0x3E, "31ffb83c0000000f05"), "arm64": (0xB7, "000080d2a80b80d2010000d4")}


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answers at this address (``unix://…`` or ``tcp://…``)."""

    address: str
    version: str


def find() -> Engine | None:
    """The engine that SAM would use: DOCKER_HOST, else Docker's and Finch's sockets. None: none answers."""
    named = os.environ.get("DOCKER_HOST")
    for address in (named,) if named else _usual_addresses():
        try:
            status, body = _request(address, "GET", "/version", timeout_s=10)
        except (OSError, http.client.HTTPException, ValueError):
            continue
        if status == 200:
            return Engine(address, str(_mapping(body).get("Version", "unknown")))
    return None


def image_names(engine: Engine) -> frozenset[str]:
    """The names (``repository:tag``) of the images that the engine holds."""
    listed = json.loads(_ask(engine, "GET", "/images/json"))
    return frozenset(name for image in listed for name in image.get("RepoTags") or ())


def why_unable(engine: Engine) -> str | None:
    """Make a container with a memory limit and remove it: the engine's reason when it cannot, else None.

    An engine that answers proves nothing: without the right to make namespaces or a bridge it answers, too.
    """
    try:
        with _probe_image(engine) as image, _probe_container(engine, image) as container:
            _ask(engine, "POST", f"/containers/{container}/start")
            code = _mapping(_ask(engine, "POST", f"/containers/{container}/wait")).get("StatusCode")
    except ToolError as error:
        return error.message
    return None if code == 0 else f"a container that should end with 0 ended with {code}"


@contextmanager
def _probe_image(engine: Engine) -> Iterator[str]:
    name = f"packager-probe:{os.getpid()}"
    repository, tag = name.split(":")
    _ask(engine, "POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}", _archive())
    try:
        yield name
    finally:
        _ask(engine, "DELETE", f"/images/{quote(name)}?force=1")


@contextmanager
def _probe_container(engine: Engine, image: str) -> Iterator[str]:
    limits = {"Memory": _PROBE_MEMORY_BYTES}
    asked = json.dumps({"Image": image, "Cmd": ["/probe"], "HostConfig": limits}).encode()
    made = str(_mapping(_ask(engine, "POST", "/containers/create", asked))["Id"])
    try:
        yield made
    finally:
        _ask(engine, "DELETE", f"/containers/{made}?force=1")


def _archive() -> bytes:
    """A root file system of one program that ends with 0."""
    program = program_that_exits()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("probe")
        info.size, info.mode = len(program), 0o755
        archive.addfile(info, io.BytesIO(program))
    return buffer.getvalue()


def program_that_exits() -> bytes:
    """The smallest static ELF: one segment that holds `exit(0)`, so that no image need be fetched."""
    machine, code = _ARCHITECTURES[tools.host_arch()]
    instructions = bytes.fromhex(code)
    base, headers = 0x400000, 64 + 56
    size = headers + len(instructions)
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, base + headers, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return identity + header + segment + instructions


def _ask(engine: Engine, method: str, path: str, body: bytes | None = None) -> bytes:
    try:
        status, answer = _request(engine.address, method, path, body)
    except (OSError, http.client.HTTPException) as error:
        raise ToolError(f"the container engine at {engine.address} broke off: {error}") from error
    if status >= 400:
        message = _mapping(answer).get("message", answer.decode(errors="replace"))
        raise ToolError(f"the container engine refused {method} {path.partition('?')[0]}: {message}")
    return answer


def _request(
    address: str, method: str, path: str, body: bytes | None = None, timeout_s: float = 60
) -> tuple[int, bytes]:
    connection = _connect(address, timeout_s)
    kind = "application/x-tar" if path.startswith("/images/create") else "application/json"
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _connect(address: str, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return _SocketConnection(parts.path, timeout_s)
    if parts.scheme in ("tcp", "http") and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=timeout_s)
    raise ValueError(f"no engine can be asked at {address}")


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _usual_addresses() -> tuple[str, ...]:
    home = Path.home() / ".docker" / "run" / "docker.sock"
    return ("unix:///var/run/docker.sock", f"unix://{home}", "unix:///var/run/finch.sock")


def _mapping(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
