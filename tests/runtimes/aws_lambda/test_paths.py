"""The route's own path is found behind stages, mappings and nested resources."""

from typing import Any

import pytest

from runtimes.aws_lambda import paths
from runtimes.aws_lambda.paths import read_path
from tests.runtimes.aws_lambda.payloads import http, load


def _v2(raw: str, **context: Any) -> dict[str, Any]:
    event = http("POST", raw)
    key = context.pop("routeKey", "$default")
    event.update(routeKey=key, pathParameters=context.pop("pathParameters", None))
    event["requestContext"].update(context)
    return event


@pytest.mark.parametrize(
    ("event", "path"),
    [
        (_v2("/predict"), "/predict"),
        (_v2("/prod/predict", stage="prod"), "/predict"),
        (_v2("/prod", stage="prod"), "/"),
        (_v2("/production/x", stage="prod"), "/production/x"),
        (_v2("/v2/v2/models/a/infer", stage="v2"), "/v2/models/a/infer"),
        (_v2("/v2/models/a/infer", stage="v2", domainName="models.example.com"), "/v2/models/a/infer"),
        (_v2("/ml/predict", routeKey="ANY /{proxy+}", pathParameters={"proxy": "predict"}), "/predict"),
        (_v2("/ml/predict", routeKey="POST /predict"), "/predict"),
        (
            _v2("/x/v2/models/a%20b", routeKey="GET /v2/models/{m}", pathParameters={"m": "a b"}),
            "/v2/models/a b",
        ),
        (_v2("/predict", routeKey="ANY /{proxy+}"), "/predict"),
        (_v2(""), "/"),
    ],
)
def test_http_api(event: dict[str, Any], path: str) -> None:
    assert read_path(event, "apigw_v2") == path


def test_rest_api_behind_its_own_address_and_behind_a_custom_domain() -> None:
    assert read_path(load("apigw_v1"), "apigw_v1") == "/predict"
    assert read_path(load("apigw_v1_custom_domain"), "apigw_v1") == "/predict"


def test_rest_api_keeps_a_path_that_begins_like_its_stage() -> None:
    event: dict[str, object] = {"path": "/prod/x", "resource": None, "requestContext": {"stage": "prod"}}
    assert read_path(event, "apigw_v1") == "/prod/x"


def test_http_api_in_format_1_has_the_stage_in_its_path() -> None:
    event = {"version": "1.0", "path": "/prod/predict", "resource": "$default"}
    assert read_path({**event, "requestContext": {"stage": "prod"}}, "apigw_v1") == "/predict"


def test_a_load_balancer_sends_the_path_as_it_came() -> None:
    assert read_path({"path": "/v2/models/m%C3%BC/infer"}, "alb") == "/v2/models/mü/infer"


def test_the_base_path_of_the_environment_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "BASE_PATH", "/ml")
    assert read_path({"path": "/ml/predict"}, "alb") == "/predict"
    assert read_path({"path": "/mlx"}, "alb") == "/mlx"
