"""One POST within a fixed time, however slowly the other side answers."""

from __future__ import annotations

import http.client
import threading
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_ANSWER = 4096


class NoAnswerError(Exception):
    """The other side is not there, or did not answer in time: another time it may."""


class Receiver:
    """Where batches go. ``headers`` are the user's own: a key, say."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of http:// or https://")
        self.url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = dict(headers)

    def post(self, body: bytes, headers: Mapping[str, str], timeout_s: float) -> tuple[int, float]:
        """The status, and how many seconds the other side asks to wait (0: it does not say)."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=timeout_s)
        # Each read has a time limit of its own; an answer that comes byte by byte would keep to every one.
        watch = threading.Timer(timeout_s, _break_off, (connection,))
        watch.daemon = True
        try:
            watch.start()
            connection.request("POST", self._target, body, {**self._headers, **headers})
            answer = connection.getresponse()
            answer.read(_MOST_ANSWER)
            return answer.status, _seconds(answer.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            raise NoAnswerError(f"{self.url}: {error or type(error).__name__}") from None
        finally:
            watch.cancel()
            connection.close()


def _break_off(connection: http.client.HTTPConnection) -> None:
    socket = connection.sock
    if socket is not None:
        try:
            socket.shutdown(2)
        except OSError:  # it has ended just now
            return


def _seconds(text: str | None) -> float:
    """Seconds alone; a date would need a clock that both sides share."""
    return float(text) if text is not None and text.isdecimal() and len(text) < 10 else 0.0
