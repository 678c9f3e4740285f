"""HTTP connections whose every read has its time, redirects that end, proxies as the environment has them."""

from __future__ import annotations

import http.client
import io
import ssl
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from edge.update.errors import UnreachableError
from edge.update.source import PIECE_TIMEOUT_S

if TYPE_CHECKING:
    import socket
    from typing import IO, Any

PIECE_BYTES = 65536
_MAX_REDIRECTS = 5


class _Pace(io.RawIOBase):
    """A socket's bytes, each read of which ends with the time that is allowed: a server that sends a byte now
    and then gets no further than one that is silent."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._bytes = connection.makefile("rb", buffering=0)
        self._ends = 0.0
        self.allow(connection.gettimeout() or PIECE_TIMEOUT_S)

    def allow(self, seconds: float) -> None:
        """From now on this long."""
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


class Response(http.client.HTTPResponse):
    """A response that is read at a pace, from its first line on."""

    def __init__(self, sock: socket.socket, *arguments: object, **options: object) -> None:
        super().__init__(sock, *arguments, **options)  # type: ignore[arg-type]
        self.pace = _Pace(sock)
        unpaced: IO[bytes] = self.fp
        self.fp = io.BufferedReader(self.pace, PIECE_BYTES)
        unpaced.close()


class _Connection(http.client.HTTPConnection):
    response_class = Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = Response


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self) -> None:
        super().__init__()
        self._trust = ssl.create_default_context()

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, request, context=self._trust)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To other places of the same scheme, or from http to https; never the other way, never for ever."""

    max_redirections = _MAX_REDIRECTS
    max_repeats = 1

    def http_error_308(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
    ) -> object:
        """As 307; Python knows it since 3.11."""
        return self.http_error_302(req, fp, code, msg, headers)

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], *said: Any
    ) -> urllib.request.Request:
        """The same question elsewhere."""
        newurl: str = said[-1]
        fp.close()  # else what comes with a redirect is read to its end, and it may have none
        before, after = (urllib.parse.urlsplit(url).scheme for url in (req.full_url, newurl))
        if after not in (before, "https"):
            raise UnreachableError(
                f"{req.full_url} leads to {newurl}: from {before} to {after} nothing is followed"
            )
        return urllib.request.Request(newurl, headers=req.headers, origin_req_host=req.origin_req_host)  # noqa: S310


def opener() -> urllib.request.OpenerDirector:
    """http and https, proxies as the environment names them, redirects; nothing else (no file:, no ftp:)."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Handler(),
        _SecureHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener
