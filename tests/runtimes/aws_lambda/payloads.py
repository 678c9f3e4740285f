"""The event payloads of `events/`, and small changes to them."""

import base64
import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]

NAMES = sorted(path.stem for path in (Path(__file__).parent / "events").glob("*.json"))
HTTP = (
    "apigw_v1",
    "apigw_v1_custom_domain",
    "apigw_v2",
    "apigw_v2_stage",
    "function_url",
    "alb",
    "alb_multi",
)


class Context:
    """What the interface client gives a handler, as far as ours looks at it."""

    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        """Until the time-out."""
        return self._remaining_ms


def load(name: str) -> Event:
    """One event as AWS sends it."""
    path = Path(__file__).parent / "events" / f"{name}.json"
    event: Event = json.loads(path.read_text(encoding="utf-8"))
    return event


def http(
    method: str, path: str, body: str | bytes | None = None, headers: dict[str, str] | None = None
) -> Event:
    """An HTTP API's event for this request."""
    event = load("apigw_v2")
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["headers"] = {"content-type": "application/json"} if headers is None else headers
    if isinstance(body, bytes):
        event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
    else:
        event["body"] = body
    return event


def document(answer: Any) -> Any:
    """The JSON in an HTTP answer."""
    return json.loads(answer["body"])


def rounded(value: Any) -> Any:
    """A document with its floats to five digits: one run for many rows may differ in the last bits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
