"""The fast path and the app behind Mangum give the same status and the same bytes."""

import struct
from time import perf_counter
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from runtimes.aws_lambda.fallback import answer_by_app
from runtimes.aws_lambda.http_event import HttpRequest
from runtimes.core.exchange import choose_request_id
from tests.runtimes.aws_lambda.payloads import Context, Event, http, load
from tests.runtimes.aws_lambda.strategies import any_requests, predictions, tensor_requests

ROW = '{"features": [5.1, 3.5, 1.4, 0.2]}'


def _by_app(function: ModuleType, event: Event) -> Any:
    request = HttpRequest(event, "apigw_v2")
    request_id = choose_request_id(request.headers, Context.aws_request_id)
    return answer_by_app(function.predictor, request, request_id, perf_counter())


def _compare(function: ModuleType, event: Event) -> int:
    direct, through = function.handler(event, Context()), _by_app(function, event)
    assert (direct["statusCode"], direct["body"]) == (through["statusCode"], through["body"])
    assert direct["isBase64Encoded"] == through["isBase64Encoded"]
    for name in ("content-type", "x-request-id", "x-tensor-dtype", "x-tensor-shape"):
        assert direct["headers"].get(name) == through["headers"].get(name)
    return int(direct["statusCode"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=predictions)
def test_generated_predictions_are_answered_alike(function: ModuleType, event: Event) -> None:
    assert _compare(function, event) in (200, 400, 422)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=any_requests)
def test_generated_requests_of_any_kind_are_answered_alike(function: ModuleType, event: Event) -> None:
    assert _compare(function, event) < 500


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=tensor_requests)
def test_generated_tensors_as_bytes_are_answered_alike(function: ModuleType, event: Event) -> None:
    assert _compare(function, event) < 500


FOUR = struct.pack("<4f", 5.1, 3.5, 1.4, 0.2)
RAW = {"content-type": "application/octet-stream", "x-tensor-dtype": "float32", "x-tensor-shape": "1,4"}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (http("POST", "/predict", FOUR, RAW), 200),
        (http("POST", "/predict", bytes([5, 3, 1, 0]), {**RAW, "x-tensor-dtype": "uint8"}), 200),
        (http("POST", "/predict", FOUR, {**RAW, "accept": RAW["content-type"]}), 406),
        (
            http("POST", "/predict", ROW, {"accept": "application/x-npy", "x-output-name": "probabilities"}),
            200,
        ),
        (http("POST", "/predict", FOUR, {**RAW, "x-tensor-shape": "é"}), 422),
        (http("POST", "/predict/batch", FOUR, RAW), 415),
        (load("apigw_v2"), 200),
        (load("apigw_v2_infer"), 200),
        (http("POST", "/predict/batch", '{"instances": [[1, 2, 3, 4], [1, 2, "x", 4], {}]}'), 200),
        (http("POST", "/predict", None), 400),
        (http("POST", "/predict", ""), 400),
        (http("POST", "/predict", b"\xff"), 400),
        (http("POST", "/predict", '"\ud800'), 400),
        (http("POST", "/predict", ROW, {"content-type": "text/csv"}), 415),
        (http("POST", "/predict", ROW, {"content-encoding": "gzip"}), 415),
        (http("POST", "/predict", ROW, {}), 200),
        (http("POST", "/v2/models/other/infer", ROW), 404),
        (http("POST", "/v2/models/iris/versions/7/infer", ROW), 404),
        (http("POST", "/predict/", ROW), 404),
        (http("GET", "/predict"), 405),
        (http("GET", "/v2/models/iris/infer"), 405),
        (http("POST", "/predict", " " * 6_291_457), 413),
    ],
)
def test_known_requests_are_answered_alike(function: ModuleType, event: Event, status: int) -> None:
    assert _compare(function, event) == status


def test_a_body_that_is_not_base64_is_answered_alike(function: ModuleType) -> None:
    event = http("POST", "/predict", "a")
    event["isBase64Encoded"] = True
    assert _compare(function, event) == 400


def test_a_version_in_the_path_is_answered_alike(function: ModuleType) -> None:
    version = function.predictor.manifest.version
    event = load("apigw_v2_infer")
    event["rawPath"] = f"/v2/models/iris/versions/{version}/infer"
    assert _compare(function, event) == 200
