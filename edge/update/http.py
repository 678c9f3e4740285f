"""Fetches over HTTP within bounds: no server keeps a device waiting, and what broke off is gone on with.

Nothing here is trusted: who asks checks digests and signatures. So there is no need of ETags: what stands
under a digest never changes, and where it did, the digest tells.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from edge.update.connection import PIECE_BYTES, Response, opener
from edge.update.errors import RefusedError, UnreachableError, UpdateError
from edge.update.source import PIECE_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_BYTES = 4096
"""What has to come within ``PIECE_TIMEOUT_S``; the slowest of mobile networks brings ten times as much."""
PAUSES_S = (1.0, 4.0)
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class StatusError(UnreachableError):
    """The server answered, and has not got it, or does not give it."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url} cannot be had: the server answers {status}")
        self.status = status


class _BrokenError(Exception):
    """The connection failed, or was too slow: worth another try."""


def check_url(url: str) -> str:
    """An address that files can be asked of, without the slash at its end; UpdateError where it is none."""
    try:
        parts = urllib.parse.urlsplit(url)
        plain = all("!" <= letter <= "~" for letter in url)
        sound = plain and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UpdateError(f"{url} is no address of releases: give https://HOST/PATH, or a folder")
    if parts.query or parts.fragment or parts.username is not None:
        raise UpdateError(f"{url}: an address of releases has no ?, # or user in it")
    return url.rstrip("/")


class Client:
    """Asks for files.

    ``piece_s`` is the time in which something has to come; ``pauses_s``, one for each further try, are waited
    before it.
    """

    def __init__(self, piece_s: float = PIECE_TIMEOUT_S, pauses_s: tuple[float, ...] = PAUSES_S) -> None:
        self._piece_s = piece_s
        self._pauses_s = pauses_s
        self._opener = opener()

    def fetch(self, url: str, size_bytes: int | None = None, offset: int = 0) -> Iterator[bytes]:
        """The bytes from ``offset`` on; with ``size_bytes`` all that are missing, by several connections."""
        pauses = iter(self._pauses_s)
        while True:
            before = offset
            try:
                for piece in self._pieces(url, size_bytes, offset):
                    offset += len(piece)
                    yield piece
                return
            except _BrokenError as error:
                broken = error
            if offset - before >= LEAST_BYTES:
                pauses = iter(self._pauses_s)
            pause = next(pauses, None)
            if pause is None or (offset and size_bytes is None):
                raise UnreachableError(f"{url} cannot be fetched: {broken}")
            time.sleep(pause)

    def _pieces(self, url: str, size_bytes: int | None, offset: int) -> Iterator[bytes]:
        """What one connection gives."""
        response, at = self._open(url, size_bytes, offset)
        since = 0
        try:
            while True:
                piece = response.read1(PIECE_BYTES)
                if not piece:
                    break
                since += len(piece)
                if since >= LEAST_BYTES:
                    response.pace.allow(self._piece_s)
                    since = 0
                wanted = piece[max(0, offset - at) :]
                at += len(piece)
                yield wanted  # nothing of a beginning that is here: whoever waits looks at the clock, too
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(_reason(error)) from None
        finally:
            response.close()
        if response.length or (size_bytes is not None and at < size_bytes):
            raise _BrokenError(f"it broke off after {at} bytes")

    def _open(self, url: str, size_bytes: int | None, offset: int) -> tuple[Response, int]:
        """A response, and where in the file it starts: servers may ignore a range, or have none."""
        response = self._ask(url, offset) or self._ask(url, 0)
        if response is None:
            raise StatusError(url, 416)
        try:
            _refuse_encoded(url, response)
            start, whole = _extent(url, response)
            if start not in (0, offset):
                raise UnreachableError(
                    f"{url}: the server was asked from byte {offset} on and gives {start} on"
                )
            if size_bytes is not None and whole not in (None, size_bytes):
                raise RefusedError(f"{url} has {whole} bytes and should have {size_bytes}")
        except UpdateError:
            response.close()
            raise
        return response, start

    def _ask(self, url: str, offset: int) -> Response | None:
        """None where the server has no such range."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "packager-edge"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http and https are all it knows
        try:
            response: Response = self._opener.open(request, timeout=self._piece_s)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and offset:
                return None
            raise _of_status(url, error.code) from None
        except urllib.error.URLError as error:
            _refuse_certificate(url, error.reason)
            raise _BrokenError(_reason(error.reason)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _BrokenError(_reason(error)) from None
        return response


def _of_status(url: str, status: int) -> Exception:
    if status in _TRY_AGAIN:
        return _BrokenError(f"the server answers {status}")
    if 300 <= status < 400:
        return UnreachableError(f"{url} leads to other addresses, and to no file")
    return StatusError(url, status)


def _extent(url: str, response: Response) -> tuple[int, int | None]:
    """The first byte that comes, and how long the file is, where the server says so."""
    if response.status != 206:
        return 0, response.length
    unit, _, said = (response.getheader("Content-Range") or "").partition(" ")
    span, _, whole = said.partition("/")
    first = span.partition("-")[0]
    if unit != "bytes" or not _is_count(first):
        raise UnreachableError(f"{url} is given in part, and the server does not say which")
    return int(first), int(whole) if _is_count(whole) else None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _refuse_encoded(url: str, response: Response) -> None:
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
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
    if "timed out" in str(error):
        return "the server is too slow, or does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
