"""A web server over a folder on 127.0.0.1 that lies where it is told to, and remembers what it was asked."""

import fnmatch
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote


class Answering(BaseHTTPRequestHandler):
    """One request; ``lies`` of the server come first."""

    server: "_Server"

    def do_GET(self) -> None:
        """The file, or the lie about it."""
        told = self.server.told
        path = unquote(self.path).lstrip("/")
        told.asked.append((path, self.headers.get("Range")))
        file = told.folder / path
        lie = told.lie_about(path)
        body = file.read_bytes() if file.is_file() else None
        try:
            if lie is not None:
                lie(self, body or b"")
            elif body is None:
                status(404)(self, b"")
            else:
                as_it_is(self, body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def send(self, code: int, body: bytes, **headers: object) -> None:
        """Headers (with ``_`` for ``-``) and a body, as it is given."""
        self.send_response(code)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.give(body)

    def give(self, body: bytes) -> None:
        """Count, and send: who has read all of it finds it counted."""
        self.server.told.sent_bytes += len(body)
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silence."""


Lie = Callable[[Answering, bytes], None]


@dataclass
class WebServer:
    """What the server shows, and what it was asked."""

    folder: Path
    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sent_bytes: int = 0
    _lies: list[list[Any]] = field(default_factory=list)

    def lie(self, pattern: str, lie: Lie, times: int = 10**9) -> None:
        """Answer so, where the path matches, this often."""
        self._lies.append([pattern, lie, times])

    def honest(self) -> None:
        """No lies any more."""
        self._lies.clear()

    def lie_about(self, path: str) -> Lie | None:
        """The first that matches and has not been told often enough."""
        for entry in self._lies:
            if fnmatch.fnmatch(path, entry[0]) and entry[2] > 0:
                entry[2] -= 1
                found: Lie = entry[1]
                return found
        return None

    def ranges_of(self, pattern: str) -> list[str | None]:
        """Which ranges were asked of these files."""
        return [span for path, span in self.asked if fnmatch.fnmatch(path, pattern)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    told: WebServer


@contextmanager
def serving(folder: Path, certificate: Path | None = None) -> Iterator[WebServer]:
    """Serve until the end of the block; by https with a certificate and its key in one file."""
    with _Server(("127.0.0.1", 0), Answering) as server:
        server.told = WebServer(folder, f"http://127.0.0.1:{server.server_port}")
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            server.told.url = server.told.url.replace("http:", "https:")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.told
        finally:
            server.shutdown()
            thread.join()


def as_it_is(answer: Answering, body: bytes) -> None:
    """The whole file, or the range that was asked for."""
    asked = re.fullmatch(r"bytes=(\d+)-", answer.headers.get("Range") or "")
    start = int(asked[1]) if asked else 0
    if not asked:
        answer.send(200, body)
    elif start >= len(body):
        answer.send(416, b"", Content_Range=f"bytes */{len(body)}")
    else:
        answer.send(206, body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")


def status(code: int) -> Lie:
    """This and nothing else."""
    return lambda answer, body: answer.send(code, b"no")


def gives(other: bytes) -> Lie:
    """Another file in its place."""
    return lambda answer, body: answer.send(200, other)


def leads_to(url: str) -> Lie:
    """A redirect, with a body that has no end."""

    def lead(answer: Answering, body: bytes) -> None:
        answer.send_response(302)
        answer.send_header("Location", url)
        answer.end_headers()
        _without_end(answer)

    return lead


def endless(answer: Answering, body: bytes) -> None:
    """The file, and then more and more."""
    answer.send_response(200)
    answer.end_headers()
    answer.give(body)
    _without_end(answer)


def _without_end(answer: Answering) -> None:
    for _ in range(10_000):
        answer.give(b"x" * 65536)


def dripping(answer: Answering, body: bytes) -> None:
    """A byte now and then: each comes well before a connection would time out."""
    answer.send_response(200)
    answer.send_header("Content-Length", str(len(body)))
    answer.end_headers()
    for byte in body:
        answer.give(bytes([byte]))
        time.sleep(0.03)


def dripping_head(answer: Answering, body: bytes) -> None:
    """The same, and not even the headers come to an end."""
    answer.give(b"HTTP/1.0 200 OK\r\n")
    for number in range(10_000):
        answer.give(b"X" if number % 50 else b"\r\nX-Header: ")
        time.sleep(0.03)


def breaks_off(after: int) -> Lie:
    """The connection ends in the middle of what was promised."""

    def answer_some(answer: Answering, body: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", answer.headers.get("Range") or "")
        start = int(asked[1]) if asked else 0
        rest = body[start:]
        span = f"bytes {start}-{len(body) - 1}/{len(body)}" if asked else None
        answer.send_response(206 if asked else 200)
        answer.send_header("Content-Length", str(len(rest)))
        if span:
            answer.send_header("Content-Range", span)
        answer.end_headers()
        answer.give(rest[:after])

    return answer_some


def says_length(count: int) -> Lie:
    """Another length than the file has."""
    return lambda answer, body: answer.send(200, body, Content_Length=count)


def ignores_ranges(answer: Answering, body: bytes) -> None:
    """Everything, whatever was asked for."""
    answer.send(200, body)


def knows_no_ranges(answer: Answering, body: bytes) -> None:
    """416 for each range."""
    if answer.headers.get("Range"):
        answer.send(416, b"")
    else:
        answer.send(200, body)


def gives_range(span: str) -> Lie:
    """Another part than was asked for."""
    return lambda answer, body: answer.send(206, body, Content_Range=span)


def encoded(answer: Answering, body: bytes) -> None:
    """Compressed, though nobody asked."""
    import gzip

    answer.send(200, gzip.compress(body), Content_Encoding="gzip")
