"""Lambda's Runtime API on loopback, for one process and one event: it clocks the first response."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
_ARN = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"


@dataclass(slots=True)
class Exchange:
    """What one process did: when its first response arrived, and what that was."""

    event: bytes
    answered_ns: int = 0
    body: bytes = b""
    failure: str = ""
    done: threading.Event = field(default_factory=threading.Event)
    given: bool = False


@contextmanager
def serving(event: object) -> Iterator[tuple[int, Exchange]]:
    """Listen on a free port; gives the port and the exchange, whose ``done`` is set at the first response."""
    exchange = Exchange(json.dumps(event).encode())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, exchange), daemon=True).start()
        yield listener.getsockname()[1], exchange


def _accept(listener: socket.socket, exchange: Exchange) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, exchange), daemon=True).start()


def _serve(connection: socket.socket, exchange: Exchange) -> None:
    with connection, connection.makefile("rb") as stream:
        while line := stream.readline():
            method, path, _ = line.decode("ascii").split(" ", 2)
            body = stream.read(_content_length(stream))
            if not _answer(connection, method, path, body, exchange):
                exchange.done.wait()
                return


def _content_length(stream: object) -> int:
    length = 0
    while line := stream.readline().strip():  # type: ignore[attr-defined]
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return length


def _answer(connection: socket.socket, method: str, path: str, body: bytes, exchange: Exchange) -> bool:
    """Answer one call of the client; False when it asks for a second event, which never comes."""
    if method == "GET" and path.endswith("/invocation/next"):
        if exchange.given:
            return False
        exchange.given = True
        headers = (
            f"Lambda-Runtime-Aws-Request-Id: {REQUEST_ID}\r\nLambda-Runtime-Invoked-Function-Arn: {_ARN}\r\n"
        )
        deadline = f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 30_000}\r\n"
        _send(connection, "200 OK", headers + deadline, exchange.event)
        return True
    if path.endswith("/response") and not exchange.answered_ns:
        exchange.answered_ns, exchange.body = time.perf_counter_ns(), body
    else:
        exchange.failure = f"{method} {path}: {body[:500].decode(errors='replace')}"
    exchange.done.set()
    _send(connection, "202 Accepted", "", b"{}")
    return True


def _send(connection: socket.socket, status: str, headers: str, body: bytes) -> None:
    head = (
        f"HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode("ascii") + body)
