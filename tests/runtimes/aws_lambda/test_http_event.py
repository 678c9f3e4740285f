"""The HTTP events of every service are read into one form."""

import pytest

from runtimes.aws_lambda.http_event import HttpRequest, find_source, read_headers, shape
from runtimes.core.errors import RequestError
from tests.runtimes.aws_lambda.payloads import HTTP, http, load

SOURCES = {"apigw_v1_custom_domain": "apigw_v1", "apigw_v2_stage": "apigw_v2", "alb_multi": "alb"}


@pytest.mark.parametrize("name", HTTP)
def test_reads_every_service(name: str) -> None:
    event = load(name)
    source = find_source(event)
    assert source == SOURCES.get(name, name)
    request = HttpRequest(event, source)
    assert (request.method, request.path) == ("POST", "/predict")
    assert request.headers["content-type"] == "application/json"
    assert request.read_body() == '{"features": [5.1, 3.5, 1.4, 0.2]}'


@pytest.mark.parametrize("name", ["sqs", "kinesis", "s3", "eventbridge", "direct", "warmup"])
def test_other_events_are_no_http(name: str) -> None:
    assert find_source(load(name)) is None


def test_decodes_a_base64_body_and_header_names_in_any_case() -> None:
    request = HttpRequest(load("apigw_v2_base64"), "apigw_v2")
    assert request.read_body() == b'{"features": [5.1, 3.5, 1.4, 0.2]}'
    assert request.headers["content-type"] == "application/json"


def test_a_body_that_is_not_base64_is_a_wrong_request() -> None:
    event = http("POST", "/predict", "%%%a")
    event["isBase64Encoded"] = True
    with pytest.raises(RequestError) as raised:
        HttpRequest(event, "apigw_v2").read_body()
    assert (raised.value.status, raised.value.code) == (400, "bad_base64")


def test_joins_several_values_of_one_header() -> None:
    event = {"headers": {"Accept": "b"}, "multiValueHeaders": {"Accept": ["a", "b"], "X": [], "Y": None}}
    assert read_headers(event) == {"accept": "a, b"}


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"headers": {"a": 1}}, {"multiValueHeaders": []}])
def test_reads_what_events_leave_out(event: dict[str, object]) -> None:
    assert set(read_headers(event).values()) <= {"1"}
    request = HttpRequest(event, "apigw_v2")
    assert (request.method, request.path, request.read_body()) == ("GET", "/", "")


def test_a_load_balancer_gets_a_status_description_and_the_headers_it_asked_for() -> None:
    headers = {"content-type": "application/json"}
    single = shape(HttpRequest(load("alb"), "alb"), 422, headers, "{}")
    assert single["statusDescription"] == "422 Unprocessable Entity"
    assert single["headers"] == headers and "multiValueHeaders" not in single
    several = shape(HttpRequest(load("alb_multi"), "alb"), 200, headers, "{}")
    assert several["multiValueHeaders"] == {"content-type": ["application/json"]}
    assert "headers" not in several


@pytest.mark.parametrize("name", ["apigw_v1", "apigw_v2", "function_url"])
def test_other_services_get_plain_headers(name: str) -> None:
    request = HttpRequest(load(name), name)
    assert shape(request, 200, {"a": "b"}, "x") == {
        "statusCode": 200,
        "headers": {"a": "b"},
        "body": "x",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("body", "read"), [("é", "é".encode()), ("\ud800", b"\xed\xa0\x80"), (None, ""), (7, "")]
)
def test_reads_a_body_that_is_no_plain_ascii_as_its_bytes(body: object, read: bytes | str) -> None:
    assert HttpRequest({"body": body}, "apigw_v2").read_body() == read
