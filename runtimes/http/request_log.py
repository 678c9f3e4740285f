"""The app's outer layer: gives each request its id, answers with it, and writes the one line of log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from runtimes.core.exchange import choose_request_id, log_request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class RequestLog:
    """ASGI layer. Endpoints find ``headers`` and ``request_id`` in ``request.state`` and may set ``rows``."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        event = scope.get("aws.event", {})
        started = event.get("started") or perf_counter()
        headers = read_headers(scope)
        request_id = choose_request_id(headers, "")
        state = scope.setdefault("state", {})
        state.update(headers=headers, request_id=request_id, rows=None)
        status = 500

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode("ascii"))]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "name", "unmatched")
            log_request(event.get("source", "http"), request_id, route, status, started, state["rows"])


def read_headers(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name; several of one name are joined as HTTP joins them."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
