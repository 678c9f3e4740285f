"""The handler under Lambda's own runtime interface client: init, events of several kinds, failures."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from packager import tools
from tests.runtimes.aws_lambda.payloads import http, load
from tests.runtimes.aws_lambda.runtime_api import running

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client() -> Path:
    """The folder with the interface client for this interpreter."""
    return tools.interface_client(Path(sys.executable))


def _json_lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_one_instance_answers_events_of_many_kinds(root: Path, client: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(root, client, log) as api:
        for name in ("apigw_v1", "apigw_v2", "alb_multi", "function_url"):
            kind, answer = api.invoke(load(name))
            assert (kind, answer["statusCode"]) == ("response", 200)
            document = json.loads(answer["body"])
            assert document["predictions"] == ["setosa"]
            assert document["request_id"] == f"request-{api.count}"
        assert api.invoke(load("direct"))[1]["predictions"] == ["setosa"]
        kind, answer = api.invoke(load("sqs"))
        assert (kind, answer["batchItemFailures"], answer["answered"]) == ("response", [], 3)
        kind, answer = api.invoke(http("GET", "/openapi.json"))
        assert json.loads(answer["body"])["info"]["title"] == "iris"
        kind, answer = api.invoke(http("POST", "/predict", "{"))
        assert (kind, answer["statusCode"]) == ("response", 400)
        kind, answer = api.invoke(load("eventbridge") | {"detail": {}})
        assert (kind, answer["errorType"]) == ("error", "RecordsFailedError")
        assert answer["errorMessage"].startswith("1 of 1 records failed: 6a7e8feb")
        assert api.invoke(load("warmup"))[1]["warm"] is True
    requests = [line for line in _json_lines(log) if line.get("message") == "request"]
    assert [line["request_id"] for line in requests] == [f"request-{n + 1}" for n in range(10)]


def test_a_model_that_cannot_be_opened_is_said_at_init(tmp_path: Path, client: Path) -> None:
    log = tmp_path / "log"
    with running(tmp_path, client, log) as api:
        kind, document = api.answers.get(timeout=60)
    assert (kind, document["errorType"]) == ("init", "ModelError")
    assert "manifest.json cannot be read" in document["errorMessage"]
    assert _json_lines(log)[0]["message"] == "the function cannot start"
