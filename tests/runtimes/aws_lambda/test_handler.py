"""Every kind of event gets its answer, and nothing that is sent ends the function."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from runtimes.core.errors import ModelError
from tests.runtimes.aws_lambda.payloads import HTTP, Context, document, http, load
from tests.runtimes.models import classifier_root, mixed_root


def _lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


@pytest.mark.parametrize("name", [*HTTP, "apigw_v2_base64"])
def test_answers_a_prediction_of_every_http_service(function: ModuleType, name: str) -> None:
    answer = function.handler(load(name), Context())
    assert answer["statusCode"] == 200
    predicted = document(answer)
    assert predicted["predictions"] == ["setosa"]
    assert predicted["request_id"] == Context.aws_request_id
    assert predicted["model"] == {"name": "iris", "version": function.predictor.manifest.version}


def test_answers_the_inference_protocol(function: ModuleType) -> None:
    answer = document(function.handler(load("apigw_v2_infer"), Context()))
    assert (answer["id"], answer["model_name"]) == ("7", "iris")
    assert [output["name"] for output in answer["outputs"]] == ["label", "probabilities"]


def test_answers_a_direct_invoke_with_the_document_itself(function: ModuleType) -> None:
    one = function.handler(load("direct"), Context())
    assert one["predictions"] == ["setosa"] and one["request_id"] == Context.aws_request_id
    assert len(function.handler(load("direct_batch"), Context())["predictions"]) == 2
    inputs = {"inputs": {"X": [[5.1, 3.5, 1.4, 0.2]]}}
    assert function.handler(inputs, Context())["predictions"] == one["predictions"]


def test_answers_a_direct_invoke_in_the_inference_protocol(function: ModuleType) -> None:
    event = json.loads(load("apigw_v2_infer")["body"])
    assert function.handler(event, Context())["model_name"] == "iris"


def test_a_wrong_direct_invoke_is_a_document_with_its_status(function: ModuleType) -> None:
    answer = function.handler({"instances": [[1, 2, 3, 4], [1, 2, "x", 4]]}, Context())
    assert (answer["status"], answer["request_id"]) == (422, Context.aws_request_id)
    assert answer["error"]["index"] == 1
    assert answer["error"]["field"] == "instances[1].petal length"


@pytest.mark.parametrize(
    "event",
    [
        {"warmup": True},
        load("scheduled"),
        # EventBridge Scheduler's own event, where the schedule was given no input.
        load("scheduled") | {"source": "aws.scheduler", "detail": "{}"},
    ],
)
def test_warm_ups_are_answered_without_a_prediction(function: ModuleType, event: dict[str, Any]) -> None:
    assert function.handler(event, Context()) == {"warm": True, "request_id": Context.aws_request_id}


@pytest.mark.parametrize(
    "event",
    [
        *(
            None,
            1,
            "x",
            [],
            {},
            {"a": 1},
            {"warmup": 1},
            {"requestContext": {}},
            {"detail": {}},
            {"Event": 1},
        ),
        *({"Records": []}, {"Records": [1]}, {"Records": [{}]}, {"Records": [{"eventSource": "aws:sqs"}]}),
    ],
)
def test_an_unknown_event_is_refused_by_a_document(function: ModuleType, event: object) -> None:
    answer = function.handler(event, Context())
    assert (answer["status"], answer["error"]["code"]) == (400, "unknown_event")


def test_other_routes_go_to_the_app(function: ModuleType) -> None:
    answer = function.handler(load("apigw_v2_health"), Context())
    assert (answer["statusCode"], document(answer)) == (200, {"status": "ok"})
    assert answer["headers"]["x-request-id"] == Context.aws_request_id


@pytest.mark.parametrize("name", HTTP)
def test_the_app_answers_in_the_shape_of_the_service(function: ModuleType, name: str) -> None:
    event = load(name)
    http_context = event["requestContext"].get("http", event)
    http_context["method" if "http" in event["requestContext"] else "httpMethod"] = "GET"
    answer = function.handler(event, Context())
    assert answer["statusCode"] == 405
    headers = answer.get("headers") or {name: one for name, (one,) in answer["multiValueHeaders"].items()}
    assert headers["allow"] == "POST"
    assert document(answer)["error"]["code"] == "method_not_allowed"


def test_docs_are_a_page(function: ModuleType) -> None:
    answer = function.handler(http("GET", "/docs"), Context())
    assert answer["headers"]["content-type"].startswith("text/html")
    assert "openapi.json" in answer["body"] and answer["isBase64Encoded"] is False


def test_an_artifact_without_the_app_still_predicts(
    root: Path, open_handler: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "runtimes.http.app", None)
    function = open_handler(root)
    assert function.handler(load("apigw_v2"), Context())["statusCode"] == 200
    answer = function.handler(load("apigw_v2_health"), Context())
    assert answer["statusCode"] == 404
    assert "without its HTTP routes" in document(answer)["error"]["message"]


@pytest.mark.parametrize(
    ("given", "used"), [("abc-1.2_3", True), ("a b", False), ("é", False), ("x" * 129, False)]
)
def test_echoes_a_sane_request_id(function: ModuleType, given: str, used: bool) -> None:
    body = '{"features": [1, 2, 3, 4]}'
    answer = function.handler(http("POST", "/predict", body, {"X-Request-Id": given}), Context())
    expected = given if used else Context.aws_request_id
    assert answer["headers"]["x-request-id"] == expected == document(answer)["request_id"]


@pytest.mark.parametrize(
    ("event", "source", "route", "status", "rows"),
    [
        (load("apigw_v2"), "apigw_v2", "predict", 200, 1),
        (load("alb"), "alb", "predict", 200, 1),
        (load("direct_batch"), "direct", "predict", 200, 2),
        (load("sqs"), "sqs", "predict", 200, 4),
        (load("warmup"), "warmup", "warmup", 200, None),
        (load("apigw_v2_health"), "apigw_v2", "health", 200, None),
        (http("GET", "/models/secret"), "apigw_v2", "models/{model}", 404, None),
        (http("GET", "/secret"), "apigw_v2", "unmatched", 404, None),
        (http("POST", "/predict", '{"features": ["secret"]}'), "apigw_v2", "predict", 422, None),
    ],
)
def test_logs_one_line_without_the_users_data(
    function: ModuleType,
    capfd: pytest.CaptureFixture[str],
    event: dict[str, Any],
    source: str,
    route: str,
    status: int,
    rows: int | None,
) -> None:
    function.handler(event, Context())
    (line,) = _lines(capfd)
    assert line.pop("latency_ms") > 0
    assert line.pop("rows", None) == rows
    assert line == {
        "level": "INFO",
        "message": "request",
        "request_id": Context.aws_request_id,
        "route": route,
        "status": status,
        "source": source,
    }


def test_an_answer_that_lambda_cannot_return_is_a_413(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "_SMALL_ANSWER", 1000)
    monkeypatch.setitem(function.MAX_ANSWER_BYTES, "alb", 2000)
    assert function.handler(load("alb"), Context())["statusCode"] == 200
    event = load("alb") | {"body": json.dumps({"instances": [[1, 2, 3, 4]] * 60})}
    answer = function.handler(event, Context())
    assert answer["statusCode"] == 413
    assert document(answer)["error"]["code"] == "answer_too_large"


def test_a_model_that_cannot_be_opened_fails_the_start_with_a_sentence(
    tmp_path: Path, open_handler: Callable[..., ModuleType], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read"):
        open_handler(tmp_path)
    (line,) = _lines(capfd)
    assert (line["level"], line["message"]) == ("ERROR", "the function cannot start")


def test_a_place_for_results_that_is_none_fails_the_start(
    root: Path, open_handler: Callable[..., ModuleType]
) -> None:
    with pytest.raises(ModelError, match="RESULTS_S3_URI is 'bucket/x'"):
        open_handler(root, RESULTS_S3_URI="bucket/x")


def test_two_models_in_one_process_keep_apart(
    function: ModuleType, open_handler: Callable[..., ModuleType], tmp_path: Path
) -> None:
    other = open_handler(mixed_root(tmp_path / "root"))
    assert other.handler({"features": ["Paris", None]}, Context())["predictions"] == [None]
    assert document(other.handler(http("GET", "/info"), Context()))["name"] == "price"
    assert document(function.handler(http("GET", "/info"), Context()))["name"] == "iris"


def test_a_body_over_the_limit_is_a_413(open_handler: Callable[..., ModuleType], tmp_path: Path) -> None:
    limits = {"max_body_bytes": 100, "max_rows": 3}
    function = open_handler(classifier_root(tmp_path / "root", limits=limits))
    event = http("POST", "/predict", json.dumps({"instances": [[1, 2, 3, 4]] * 10}))
    assert function.handler(event, Context())["statusCode"] == 413
