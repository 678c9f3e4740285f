"""What both HTTP faces share: routes by path, headers, request ids, the line of log."""

import json
from time import perf_counter

import pytest

from runtimes.core.exchange import choose_request_id, count_rows, find_target, log_request


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/predict", ("predict", None, None)),
        ("/predict/batch", ("predict/batch", None, None)),
        ("/v2/models/a/infer", ("v2/infer", "a", None)),
        ("/v2/models/a/versions/1/infer", ("v2/infer", "a", "1")),
        ("/v2/models/versions/infer", ("v2/infer", "versions", None)),
        ("/v2/models/a b/infer", ("v2/infer", "a b", None)),
    ],
)
def test_finds_the_prediction_route_of_a_path(
    path: str, expected: tuple[str, str | None, str | None]
) -> None:
    target = find_target(path)
    assert target is not None
    assert (target.route, target.model, target.version) == expected


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/predict/", "/PREDICT", "/v2/models/infer", "/v2/models//infer", "/v2/models/a/b/infer"),
        *("/v2/models/a/versions//infer", "/v2/models/a/versions/infer", "/v2/models/a/x/1/infer"),
    ],
)
def test_other_paths_predict_nothing(path: str) -> None:
    assert find_target(path) is None


@pytest.mark.parametrize("given", ["a", "8476a536-e9f4", "A_b.c-1", "x" * 128])
def test_a_sane_request_id_is_taken(given: str) -> None:
    assert choose_request_id({"x-request-id": given}, "own") == given


@pytest.mark.parametrize("given", ["", "-", "a b", "a\nb", "é", "٣", "x" * 129, '"', "a/b"])
def test_an_odd_request_id_is_not_taken(given: str) -> None:
    assert choose_request_id({"x-request-id": given}, "own") == "own"


def test_every_request_gets_an_id_of_its_own() -> None:
    assert len({choose_request_id({}, "") for _ in range(10)}) == 10


@pytest.mark.parametrize(
    ("document", "rows"),
    [({"predictions": [1, 2]}, 2), ({"results": []}, 0), ({"error": {}}, None), ({"predictions": 1.5}, None)],
)
def test_counts_the_rows_of_an_answer(document: dict[str, object], rows: int | None) -> None:
    assert count_rows(document) == rows


@pytest.mark.parametrize(("status", "level"), [(200, "INFO"), (422, "INFO"), (500, "ERROR"), (503, "ERROR")])
def test_a_failure_of_the_server_is_logged_as_an_error(
    status: int, level: str, capfd: pytest.CaptureFixture[str]
) -> None:
    log_request("http", "id", "predict", status, perf_counter())
    assert json.loads(capfd.readouterr().out)["level"] == level


def test_a_line_of_log_is_json_whatever_the_id_is(capfd: pytest.CaptureFixture[str]) -> None:
    log_request("alb", 'é"\n', "predict", 200, perf_counter(), 3)
    line = json.loads(capfd.readouterr().out)
    assert (line["source"], line["request_id"], line["route"], line["rows"]) == ("alb", 'é"\n', "predict", 3)
