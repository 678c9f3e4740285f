"""One POST within a fixed time, however slowly the other side answers, by the proxy that the system names."""

from __future__ import annotations

import http.client
import threading
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_ANSWER = 4096


class NoAnswerError(Exception):
    """The other side is not there, or did not answer in time: another time it may."""


class Receiver:
    """Where batches go. ``headers`` are the user's own: a key, say."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._parts = _checked(url)
        if self._parts.username is not None:
            raise ValueError(f"the address of {self._parts.hostname} has a user in it: give --header instead")
        self.url = url
        self._headers = dict(headers)

    def post(self, body: bytes, headers: Mapping[str, str], timeout_s: float) -> tuple[int, float]:
        """The status, and how many seconds the other side asks to wait (0: it does not say).

        A thread does it, and is left alone when the time is over: neither a name that nobody resolves nor an
        answer that comes byte by byte keeps to a time limit of its own.
        """
        try:
            connection, target, more = _connect(self._parts, timeout_s)
        except ValueError as error:
            raise NoAnswerError(f"{self.url}: its proxy: {error}") from None
        told: list[tuple[int, float] | str] = []

        def ask() -> None:
            try:
                connection.request("POST", target, body, {**self._headers, **headers, **more})
                answer = connection.getresponse()
                answer.read(_MOST_ANSWER)
                told.append((answer.status, _seconds(answer.headers.get("Retry-After"))))
            except (OSError, ValueError, http.client.HTTPException) as error:
                told.append(str(error) or type(error).__name__)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout_s)
        found = told[0] if told else f"no answer within {timeout_s:.3g} s"
        _break_off(connection)
        if isinstance(found, str):
            raise NoAnswerError(f"{self.url}: {found}")
        return found


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    try:
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is none
        sound = False
    if not sound:
        raise ValueError(f"{url!r} is no address of http:// or https://")
    return parts


def _connect(parts: SplitResult, timeout_s: float) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection that is not open yet, what to ask it for, and the headers that it needs for that."""
    proxy = _proxy_for(parts)
    ends_at = proxy or parts
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(str(ends_at.hostname), ends_at.port, timeout=timeout_s)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if proxy is None:
        return connection, target, {}
    if secure:
        connection.set_tunnel(str(parts.hostname), parts.port, _credentials(proxy))
        return connection, target, {}
    return connection, parts._replace(fragment="").geturl(), _credentials(proxy)


def _proxy_for(parts: SplitResult) -> SplitResult | None:
    """The proxy of ``http_proxy`` or ``https_proxy``, unless ``no_proxy`` has the host."""
    from urllib.request import getproxies, proxy_bypass

    named = getproxies().get(parts.scheme)
    if not named or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return _checked(named if "://" in named else f"http://{named}")


def _credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _break_off(connection: http.client.HTTPConnection) -> None:
    """End the connection for both ends, and for a thread that still waits for it."""
    socket = connection.sock
    if socket is not None:
        try:
            socket.shutdown(2)
        except OSError:  # it has ended already
            return
        finally:
            socket.close()


def _seconds(text: str | None) -> float:
    """Seconds alone; a date would need a clock that both sides share."""
    return float(text) if text is not None and text.isdecimal() and len(text) < 10 else 0.0
