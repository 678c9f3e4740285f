"""Lambda's Runtime API for one process, in the caller's own thread: nothing runs beside what is measured."""

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
"""The same for every event, so that equal answers are equal to the byte."""
_ARN = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
_HEADERS = (
    f"Lambda-Runtime-Aws-Request-Id: {REQUEST_ID}\r\n"
    f"Lambda-Runtime-Invoked-Function-Arn: {_ARN}\r\n"
    "Lambda-Runtime-Deadline-Ms: {deadline_ms}\r\n"
)
_DEADLINE_MS = 900_000
_END_OF_HEAD = b"\r\n\r\n"
_LOOK_S = 0.05
_CHUNK = 1 << 18
_SEND_AT_MOST = struct.pack("ll", 10, 0)
"""Seconds and microseconds, as the kernel takes them: a process that does not read must not hold us."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one event. Times are of ``time.perf_counter_ns``, which all processes share on Linux.

    ``failure`` says why there is no answer; it is None exactly where ``body`` is the function's response.
    """

    body: bytes
    given_ns: int
    answered_ns: int
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    connection: socket.socket
    method: str
    path: str
    body: bytes
    arrived_ns: int


class RuntimeApi:
    """Gives a process its events one by one and takes its responses."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._read: dict[socket.socket, bytearray] = {}
        self._asking: socket.socket | None = None
        self.port: int = self._listener.getsockname()[1]

    def exchange(self, event: bytes, timeout_s: float, ended: Callable[[], str | None]) -> Reply:
        """Give the event when the process asks for one, and wait for what it says to it.

        ``ended`` says how the process has ended, None while it runs.
        """
        deadline = time.monotonic() + timeout_s
        given_ns = self._give(event) if self._asking is not None else 0
        while True:
            for call in self._calls():
                if call.method == "GET":
                    self._asking = call.connection
                    if not given_ns:
                        given_ns = self._give(event)
                    continue
                with contextlib.suppress(OSError):  # it has said all, and may have ended
                    _send(call.connection, "202 Accepted", "", b"{}")
                return _replied(call, given_ns)
            how = ended()
            if how is not None:
                return Reply(b"", given_ns, 0, how)
            if time.monotonic() > deadline:
                return Reply(b"", given_ns, 0, f"it gave no answer within {timeout_s:.0f} s")

    def close(self) -> None:
        """Let go of the port and of all connections."""
        for connection in (self._listener, *self._read):
            connection.close()
        self._selector.close()

    def _give(self, event: bytes) -> int:
        connection, self._asking = self._asking, None
        assert connection is not None  # noqa: S101 - for the type checker
        headers = _HEADERS.format(deadline_ms=int(time.time() * 1000) + _DEADLINE_MS)
        given_ns = time.perf_counter_ns()
        with contextlib.suppress(OSError):  # it does not read any more: that it ended, or the time, will tell
            _send(connection, "200 OK", headers, event)
        return given_ns

    def _calls(self) -> list[_Call]:
        """The requests that have arrived whole; waits a moment for one."""
        found = []
        for key, _ in self._selector.select(_LOOK_S):
            if key.fileobj is self._listener:
                self._accept()
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)  # noqa: S101 - for the type checker
            call = self._receive(connection)
            if call is not None:
                found.append(call)
        return found

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_AT_MOST)
        self._read[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> _Call | None:
        read = self._read[connection]
        try:
            chunk = connection.recv(_CHUNK)
        except OSError:
            chunk = b""
        arrived_ns = time.perf_counter_ns()
        if not chunk:
            self._forget(connection)
            return None
        read += chunk
        end = read.find(_END_OF_HEAD)
        if end < 0:
            return None
        head, begin = bytes(read[:end]), end + len(_END_OF_HEAD)
        size = begin + _content_length(head)
        if len(read) < size:
            return None
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        body = bytes(read[begin:size])
        del read[:size]
        return _Call(connection, method, path, body, arrived_ns)

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._read[connection]
        if self._asking is connection:
            self._asking = None
        connection.close()


def _replied(call: _Call, given_ns: int) -> Reply:
    if call.path.endswith("/response"):
        return Reply(call.body, given_ns, call.arrived_ns)
    said = call.body[:2000].decode(errors="replace")
    where = "while it started" if call.path.endswith("/init/error") else "on the event"
    return Reply(b"", given_ns, call.arrived_ns, f"it failed {where}: {said}")


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def _send(connection: socket.socket, status: str, headers: str, body: bytes) -> None:
    head = (
        f"HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode("ascii") + body)
