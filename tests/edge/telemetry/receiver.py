"""A receiver of telemetry on 127.0.0.1 that fails in the ways that networks and servers do."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Plan = list[str]


class Receiver(ThreadingHTTPServer):
    """Does what ``plan`` says, one word for each request, and takes everything when it is at its end.

    ``500`` and other statuses: answers so, and stores nothing. ``lost``: stores, and breaks off before the
    answer. ``torn``: stores, and breaks off within the answer's head. ``slow``: stores, then says nothing for
    long. ``drip``: stores, then answers byte by byte. ``after 2 503``: that status with Retry-After.
    """

    daemon_threads = True

    def __init__(self, plan: Plan, largest: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan = list(plan)
        self.largest = largest
        self.stored: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[dict[str, str]] = []
        self.again = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/telemetry?fleet=a"

    @property
    def identifiers(self) -> list[str]:
        """Of every summary that was counted."""
        return [summary["id"] for batch in self.stored.values() for summary in batch]

    def store(self, key: str, body: bytes) -> None:
        if key in self.stored:  # it was here already: its answer was lost
            self.again += 1
            return
        self.stored[key] = [json.loads(line) for line in gzip.decompress(body).splitlines()]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append({**dict(self.headers), "path": self.path})
        word = self.server.plan.pop(0) if self.server.plan else "take"
        if len(gzip.decompress(body)) > self.server.largest:
            word = "413"
        self.close_connection = True
        status, *after = word.split()[::-1]
        if status.isdigit():
            self._answer(int(status), after[:1])
            return
        self.server.store(self.headers["Idempotency-Key"], body)
        if word == "take":
            self._answer(200, [])
        elif word == "torn":
            self.wfile.write(b"HTTP/1.1 20")
        elif word == "slow":
            self.server.over.wait(60)
        elif word == "drip":
            self._drip()

    def _answer(self, status: int, after: list[str]) -> None:
        self.send_response(status)
        for seconds in after:
            self.send_header("Retry-After", seconds)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self) -> None:
        try:
            for mark in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
                self.wfile.write(bytes([mark]))
                if self.server.over.wait(0.05):
                    return
        except OSError:  # nobody listens any more
            return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def receiving(*plan: str, largest: int = 1 << 30) -> Iterator[Receiver]:
    """A receiver that runs."""
    with Receiver(list(plan), largest) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def closed_port() -> str:
    """An address where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_address[1]}/"


def seconds_of(began_s: float) -> float:
    """Since then, by the clock that no one sets."""
    return time.monotonic() - began_s
