"""Tensors as bytes through every service's event: taken from base64, given as base64."""

import base64
import json
import struct
import threading
from types import ModuleType

import pytest

from tests.runtimes.aws_lambda.payloads import HTTP, Context, Event, document, load

ROWS = struct.pack("<8f", 5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3)
RAW = "application/octet-stream"
HEADERS = {"Content-Type": RAW, "X-Tensor-Dtype": "float32", "X-Tensor-Shape": "2,4"}
ANSWERED = {"Accept": RAW, "X-Output-Name": "probabilities"}


def event_of(service: str, body: bytes, headers: dict[str, str]) -> Event:
    event = load(service) | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    if "multiValueHeaders" in event:
        event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    event["headers"] = headers
    return event


@pytest.mark.parametrize("service", HTTP)
def test_every_service_brings_and_takes_bytes(function: ModuleType, service: str) -> None:
    answer = function.handler(event_of(service, ROWS, HEADERS), Context())
    assert document(answer)["predictions"] == ["setosa", "virginica"]
    answer = function.handler(event_of(service, ROWS, {**HEADERS, **ANSWERED}), Context())
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    probabilities = struct.unpack("<6f", base64.b64decode(answer["body"]))
    assert sum(probabilities) == pytest.approx(2, abs=1e-5)
    headers = answer.get("headers") or {
        name: values[0] for name, values in answer["multiValueHeaders"].items()
    }
    assert (headers["content-type"], headers["x-tensor-shape"]) == (RAW, "2,3")
    assert headers["x-request-id"] == Context.aws_request_id


def test_bytes_that_the_service_cannot_return_are_a_413(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = event_of("alb", ROWS, {**HEADERS, **ANSWERED})
    monkeypatch.setitem(function.MAX_ANSWER_BYTES, "alb", 1040)
    answer = function.handler(event, Context())
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (413, False)
    assert document(answer)["error"]["code"] == "answer_too_large"
    assert answer["headers"]["content-type"] == "application/json"


def test_the_log_tells_of_rows_and_no_more(function: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    function.handler(event_of("apigw_v2", ROWS, {**HEADERS, **ANSWERED}), Context())
    line = json.loads(capfd.readouterr().out)
    assert (line["route"], line["status"], line["rows"]) == ("predict", 200, 2)
    assert set(line) == {
        "level", "message", "request_id", "route", "status", "latency_ms", "source", "rows",
    }  # fmt: skip


def test_threads_at_once_get_their_own_answers(function: ModuleType) -> None:
    rows = [struct.pack("<4f", 5.1, 3.5, 1.4, 0.2), struct.pack("<4f", 6.7, 3.0, 5.2, 2.3)]
    headers = {**HEADERS, "X-Tensor-Shape": "1,4"}
    events = [event_of("apigw_v2", row, headers) for row in rows]
    expected = [function.handler(event, Context())["body"] for event in events]
    assert expected[0] != expected[1]
    wrong = []

    def ask(place: int) -> None:
        for _ in range(200):
            if function.handler(events[place], Context())["body"] != expected[place]:
                wrong.append(place)

    threads = [threading.Thread(target=ask, args=(number % 2,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
