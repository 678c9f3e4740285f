"""Each request has one id and one line of log."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import FastAPI

from tests.runtimes.http.client import send


def _line(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capfd.readouterr().out.splitlines()
    document: dict[str, Any] = json.loads(line)
    assert document.pop("latency_ms") > 0
    return document


def test_a_prediction_is_logged_without_its_values(app: FastAPI, capfd: pytest.CaptureFixture[str]) -> None:
    send(app, "POST", "/predict", json={"features": [1, 2, 3, 4]}, headers={"x-request-id": "r1"})
    assert _line(capfd) == {
        "level": "INFO",
        "message": "request",
        "request_id": "r1",
        "route": "predict",
        "status": 200,
        "source": "http",
        "rows": 1,
    }


@pytest.mark.parametrize("path", ["/secret", "/models/secret", "/predict?secret=1"])
def test_no_part_of_the_path_that_is_the_users_is_logged(
    app: FastAPI, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    send(app, "GET", path)
    assert "secret" not in json.dumps(_line(capfd))


def test_a_request_without_an_id_gets_one(app: FastAPI, capfd: pytest.CaptureFixture[str]) -> None:
    response = send(app, "POST", "/predict", json={"features": [1]})
    given = response.headers["x-request-id"]
    assert len(given) == 32
    assert response.json()["request_id"] == given == _line(capfd)["request_id"]


def test_an_id_with_odd_characters_is_not_taken(app: FastAPI) -> None:
    assert send(app, "GET", "/health", headers={"x-request-id": '"}'}).headers["x-request-id"] != '"}'


def test_other_messages_than_http_pass_through(app: FastAPI) -> None:
    received = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Any:
        return next(received)

    async def send_message(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send_message))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_sender_who_goes_away_is_no_failure_of_ours(
    app: FastAPI, capfd: pytest.CaptureFixture[str]
) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send_nowhere(message: MutableMapping[str, Any]) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": []}
    asyncio.run(app(scope, receive, send_nowhere))
    line = _line(capfd)
    assert (line["level"], line["route"], line["status"]) == ("INFO", "predict", 400)
