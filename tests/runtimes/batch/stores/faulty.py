"""A store's network at its worst: an HTTP proxy that fails where it is told to.

with moto_server() as url, Faulty(url) as faulty:
    faulty.inject(Cut(after_bytes=1000), method="GET", contains="big.parquet", times=2)
    ...  # a job with --endpoint-url faulty.url
"""

import http.client
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_WITH_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Answer:
    """The proxy answers by itself, as S3 would; the store is not asked."""

    status: int
    code: str = ""
    message: str = "said by a test"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def content(self) -> bytes:
        """S3's document of an error, or what was given."""
        if self.body is not None:
            return self.body
        said = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{said}'.encode()


@dataclass(frozen=True)
class Cut:
    """The connection ends after so many bytes of the answer's body."""

    after_bytes: int


@dataclass(frozen=True)
class Reset:
    """The connection is reset before the store is asked."""


@dataclass(frozen=True)
class Lose:
    """The store does what it is asked; then the connection is reset without an answer."""


@dataclass(frozen=True)
class Stall:
    """No answer comes, as long as the proxy lives."""


@dataclass(frozen=True)
class Slow:
    """The answer's body comes in pieces, with a pause before each."""

    piece_bytes: int
    pause_s: float


@dataclass(frozen=True)
class Strip:
    """The request loses a header on its way."""

    header: str


Fault = Strip | Answer | Cut | Reset | Lose | Stall | Slow


@dataclass(frozen=True)
class Seen:
    """A request that came, and what was done to it."""

    method: str
    path: str
    headers: Mapping[str, str]
    fault: Fault | None


@dataclass
class _Rule:
    fault: Fault
    method: str
    contains: str
    times: int | None
    every: int
    matched: int = 0

    def applies(self, method: str, path: str) -> bool:
        if self.times == 0 or self.method not in ("", method) or self.contains not in path:
            return False
        self.matched += 1
        if self.matched % self.every:
            return False
        self.times = None if self.times is None else self.times - 1
        return True


class Faulty:
    """The proxy, as a context. What is injected first is done first; without faults all goes through."""

    def __init__(self, upstream_url: str) -> None:
        self._upstream = urlsplit(upstream_url).netloc
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self.ended = threading.Event()
        self.seen: list[Seen] = []
        handler = type("Handler", (_Handler,), {"faulty": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def inject(
        self, fault: Fault, *, method: str = "", contains: str = "", times: int | None = 1, every: int = 1
    ) -> None:
        """Do this to the next ``times`` requests (None: all) of a method whose path and query contain a text;
        with ``every``, to each so many'th of them."""
        with self._lock:
            self._rules.append(_Rule(fault, method, contains, times, every))

    def clear(self) -> None:
        """From here on all goes through."""
        with self._lock:
            self._rules.clear()
            self.seen.clear()

    def count(self, method: str, contains: str = "") -> int:
        """How many such requests came."""
        return sum(one.method == method and contains in one.path for one in list(self.seen))

    def fault_of(self, method: str, path: str, headers: Mapping[str, str]) -> Fault | None:
        """What is done to this request."""
        with self._lock:
            fault = next((rule.fault for rule in self._rules if rule.applies(method, path)), None)
            self.seen.append(Seen(method, path, headers, fault))
            return fault

    def forward(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """The store's answer."""
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in (*_WITH_THE_CONNECTION, "expect"):
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def shutdown_request(self, request: Any) -> None:
        """Without a farewell: a reset is to look like one."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = dict(self.headers.items())
        fault = self.faulty.fault_of(self.command, self.path, headers)
        if isinstance(fault, Stall):
            self.faulty.ended.wait()
        if isinstance(fault, Answer):
            self._answer(fault.status, list(fault.headers.items()), fault.content(), None)
        elif isinstance(fault, (Stall, Reset)):
            self._reset()
        else:
            if isinstance(fault, Strip):
                headers.pop(fault.header, None)
            status, said, content = self.faulty.forward(self.command, self.path, headers, body)
            if isinstance(fault, Lose):
                self._reset()
            else:
                self._answer(status, said, content, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, fault: Fault | None
    ) -> None:
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            if name.lower() not in _WITH_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self._write(content, fault)

    def _write(self, content: bytes, fault: Fault | None) -> None:
        if isinstance(fault, Cut):
            self.wfile.write(content[: fault.after_bytes])
            self.close_connection = True
        elif isinstance(fault, Slow):
            for place in range(0, len(content), fault.piece_bytes):
                time.sleep(fault.pause_s)
                self.wfile.write(content[place : place + fault.piece_bytes])
        else:
            self.wfile.write(content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
