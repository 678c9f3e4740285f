"""Fetches over HTTP within bounds: no server keeps a device waiting, and what broke off is gone on with.

Nothing here is trusted: who asks checks digests and signatures. So there is no need of ETags: what stands under a
digest never changes, and where it did, the digest tells.
"""

from __future__ import annotations

import http.client
import io
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from edge.update.errors import RefusedError, UnreachableError, UpdateError
from edge.update.source import PIECE_TIMEOUT_S

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from typing import IO

LEAST_BYTES = 4096
"""What has to come within ``PIECE_TIMEOUT_S``: the connection of a phone of thirty years ago is ten times as fast."""
_PIECE = 65536
_PAUSES_S = (1.0, 4.0)
_MAX_REDIRECTS = 5
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class StatusError(UnreachableError):
    """The server answered, and has not got it, or does not give it."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url} cannot be had: the server answers {status}")
        self.status = status


class _BrokenError(Exception):
    """The connection failed, or was too slow: worth another try."""


class Limits:
    """How long the server may take, and how long to wait before trying again."""

    def __init__(
        self, piece_s: float = PIECE_TIMEOUT_S, pauses_s: tuple[float, ...] = _PAUSES_S, total_s: float = 0
    ) -> None:
        self.piece_s = piece_s
        self.pauses_s = pauses_s
        self._total_s = total_s
        self._ends = time.monotonic() + total_s

    def check(self, url: str) -> None:
        """Refuse to go on after the time for everything; 0 is no such limit."""
        if self._total_s and time.monotonic() > self._ends:
            raise UnreachableError(f"{url} took longer than {self._total_s:g} s: the connection is too slow")


def check_url(url: str) -> str:
    """An address that files can be asked of, without the slash at its end; UpdateError where it is none."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UpdateError(f"{url} is no address of releases: give https://HOST/PATH, or a folder")
    if parts.query or parts.fragment or parts.username is not None:
        raise UpdateError(f"{url}: an address of releases has no ?, # or user in it")
    return url.rstrip("/")


def fetch(url: str, limits: Limits, size_bytes: int | None = None, offset: int = 0) -> Iterator[bytes]:
    """The bytes from ``offset`` on; with ``size_bytes``, as many as are missing, over several connections."""
    pauses = iter(limits.pauses_s)
    while True:
        before = offset
        try:
            for piece in _pieces(url, limits, size_bytes, offset):
                offset += len(piece)
                yield piece
                limits.check(url)
            return
        except _BrokenError as error:
            broken = error
        if offset - before >= LEAST_BYTES:
            pauses = iter(limits.pauses_s)
        pause = next(pauses, None)
        if pause is None or (offset and size_bytes is None):
            raise UnreachableError(f"{url} cannot be fetched: {broken}")
        time.sleep(pause)
        limits.check(url)


def _pieces(url: str, limits: Limits, size_bytes: int | None, offset: int) -> Iterator[bytes]:
    """What one connection gives."""
    response, start = _open(url, limits, size_bytes, offset)
    got = since = 0
    try:
        while True:
            piece = response.read1(_PIECE)
            if not piece:
                break
            got += len(piece)
            since += len(piece)
            if since >= LEAST_BYTES:
                response.pace.allow(limits.piece_s)
                since = 0
            wanted = piece[max(0, offset - start - got + len(piece)) :]
            if wanted:
                yield wanted
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(_reason(error)) from None
    finally:
        response.close()
    if response.length or (size_bytes is not None and start + got < size_bytes):
        raise _BrokenError(f"it broke off after {start + got} bytes")


def _open(url: str, limits: Limits, size_bytes: int | None, offset: int) -> tuple[_Response, int]:
    """A response, and where in the file it starts: servers may ignore a range."""
    response = _ask(url, limits, offset)
    if response is None:  # no such range, it says: then all of it
        offset = 0
        response = _ask(url, limits, 0)
    if response is None:
        raise StatusError(url, 416)
    try:
        _refuse_encoded(url, response)
        start, whole = _extent(response)
        if start != offset and start != 0:
            raise UnreachableError(f"{url} was asked for from byte {offset} on, and the server gives {start} on")
        if None not in (size_bytes, whole) and whole != size_bytes:
            raise RefusedError(f"{url} has {whole} bytes and should have {size_bytes}")
    except UpdateError:
        response.close()
        raise
    return response, start


def _ask(url: str, limits: Limits, offset: int) -> _Response | None:
    headers = {"Accept-Encoding": "identity", "User-Agent": "packager-edge"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the opener has http and https alone
    try:
        response: _Response = _opener().open(request, timeout=limits.piece_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _TRY_AGAIN:
            raise _BrokenError(f"the server answers {error.code}") from None
        if error.code == 416 and offset:
            return None
        raise StatusError(url, error.code) from None
    except urllib.error.URLError as error:
        _refuse_certificate(url, error.reason)
        raise _BrokenError(_reason(error.reason)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _BrokenError(_reason(error)) from None
    return response


def _extent(response: _Response) -> tuple[int, int | None]:
    """The first byte that comes, and how long the file is, where the server says so."""
    if response.status == 206:
        unit, _, said = (response.getheader("Content-Range") or "").partition(" ")
        span, _, whole = said.partition("/")
        first = span.partition("-")[0]
        if unit != "bytes" or not first.isdecimal():
            raise UnreachableError(f"{response.url} is given in parts, and the server does not say which")
        return int(first), int(whole) if whole.isdecimal() else None
    return 0, response.length


def _refuse_encoded(url: str, response: _Response) -> None:
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnreachableError(
            f"{url} comes encoded as {encoding}, though it was asked for as it is: the server, or a proxy "
            "before it, has to leave these files alone"
        )


def _refuse_certificate(url: str, reason: object) -> None:
    if isinstance(reason, ssl.SSLCertVerificationError):
        clock = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        raise UnreachableError(
            f"{url}: the server's certificate is not trusted: {reason.verify_message}; this device's clock "
            f"says {clock} UTC"
        )


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "the server is too slow, or does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


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

    def readinto(self, buffer: bytearray) -> int | None:  # type: ignore[override]
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that is read at a pace, from its first line on."""

    def __init__(self, sock: socket.socket, *arguments: object, **options: object) -> None:
        super().__init__(sock, *arguments, **options)  # type: ignore[arg-type]
        self.pace = _Pace(sock)
        unpaced: IO[bytes] = self.fp
        self.fp = io.BufferedReader(self.pace, _PIECE)
        unpaced.close()


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, request, context=ssl.create_default_context())


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To other places of the same scheme, or from http to https; never the other way, never for ever."""

    max_redirections = _MAX_REDIRECTS
    max_repeats = 1

    def http_error_308(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> object:
        """As 307; Python knows it since 3.11."""
        return self.http_error_302(req, fp, code, msg, headers)

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request:
        """The same question elsewhere."""
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme not in (req.type, "https"):
            raise UnreachableError(f"{req.full_url} leads to {newurl}: from {req.type} to {scheme} nothing is followed")
        return urllib.request.Request(newurl, headers=req.headers, origin_req_host=req.origin_req_host)  # noqa: S310


def _opener() -> urllib.request.OpenerDirector:
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
