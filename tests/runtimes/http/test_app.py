"""Every route answers, every error is a document, and the app can be served as it stands."""

import contextlib
import inspect
import json
import struct
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from runtimes.core.predictor import Predictor
from runtimes.http.app import create_app
from tests.runtimes.http.client import send
from tests.runtimes.http.serving import serving
from tests.runtimes.models import classifier_root

ROW = {"features": [5.1, 3.5, 1.4, 0.2]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", {"status": "ok"}),
        ("/ready", {"status": "ready"}),
        ("/info", {"name": "iris"}),
        ("/models/iris", {"name": "iris"}),
        ("/v2", {"name": "packager", "version": "0.1.0", "extensions": []}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/iris", {"name": "iris"}),
        ("/v2/models/iris/ready", {"name": "iris", "ready": True}),
    ],
)
def test_tells_about_itself(app: FastAPI, path: str, expected: dict[str, object]) -> None:
    response = send(app, "GET", path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json().items() >= expected.items()


def test_lists_its_one_model(app: FastAPI) -> None:
    version = app.state.predictor.manifest.version
    listed = send(app, "GET", "/models").json()
    assert listed == {"models": [{"name": "iris", "version": version, "ready": True}]}
    assert send(app, "GET", f"/v2/models/iris/versions/{version}").json()["versions"] == [version]
    assert send(app, "GET", f"/v2/models/iris/versions/{version}/ready").json()["ready"] is True


def test_predicts(app: FastAPI) -> None:
    answer = send(app, "POST", "/predict", json=ROW).json()
    assert answer["predictions"] == ["setosa"]
    assert answer["model"]["name"] == "iris"
    batch = send(app, "POST", "/predict/batch", json={"instances": [ROW["features"], [1]]}).json()
    assert (batch["succeeded"], batch["failed"]) == (1, 1)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/models/other", 404, "not_found"),
        ("GET", "/predict", 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("POST", "/predict", 400, "invalid_json"),
    ],
)
def test_errors_are_documents_of_one_shape(
    app: FastAPI, method: str, path: str, status: int, code: str
) -> None:
    response = send(app, method, path, headers={"x-request-id": "r1"})
    assert response.status_code == status
    document = response.json()
    assert set(document) == {"error", "request_id"} and document["request_id"] == "r1"
    assert set(document["error"]) == {"code", "message", "field", "index"}
    assert document["error"]["code"] == code


@pytest.mark.parametrize(("method", "path"), [("GET", "/v2/x"), ("GET", "/v2/models/x"), ("DELETE", "/v2")])
def test_errors_of_the_inference_protocol_have_its_shape(app: FastAPI, method: str, path: str) -> None:
    document = send(app, method, path).json()
    assert isinstance(document["error"], str) and document["request_id"]


def test_a_wrong_method_is_told_the_right_one(app: FastAPI) -> None:
    assert send(app, "GET", "/predict").headers["allow"] == "POST"


def test_a_body_that_goes_on_after_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = classifier_root(tmp_path / "root", limits={"max_body_bytes": 100, "max_rows": 3})
    monkeypatch.setenv("MODEL_ROOT", str(root))
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"x" * 60

    response = send(create_app(), "POST", "/predict", content=endless())
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"
    assert len(taken) < 10


def test_a_model_that_cannot_be_opened_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ROOT", str(tmp_path))
    app = create_app()
    assert send(app, "GET", "/health").status_code == 200
    for method, path in (
        ("GET", "/ready"),
        ("GET", "/v2/health/ready"),
        ("POST", "/predict"),
        ("GET", "/docs"),
    ):
        response = send(app, method, path)
        assert (response.status_code, "Traceback" in response.text) == (503, False)


def test_a_model_is_opened_when_it_is_first_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app()
    monkeypatch.setenv("MODEL_ROOT", str(classifier_root(tmp_path / "root")))
    before = app.state.predictor
    assert before is None
    assert send(app, "POST", "/predict", json=ROW).status_code == 200
    app.state.predictor.close()


def test_our_own_mistake_is_a_document_without_a_traceback(
    app: FastAPI, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = create_app(app.state.predictor)

    async def fail() -> None:
        raise ZeroDivisionError("secret")

    broken.add_api_route("/fail", fail)
    response = send(broken, "GET", "/fail")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "model_failed"
    assert "secret" not in response.text
    assert json.loads(capfd.readouterr().out)["status"] == 500


class Watched(Predictor):
    """A predictor that remembers which threads asked it."""

    __slots__ = ("threads",)
    threads: set[int]

    def predict(self, document: object) -> dict[str, object]:
        """The answer."""
        self.threads.add(threading.get_ident())
        return super().predict(document)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"features": [5.1, 3.5, 1.4, 0.2]}', {}),
        (bytes(4), {"content-type": "application/octet-stream"}),
    ],
)
def test_a_prediction_runs_on_the_event_loops_own_thread(
    tmp_path: Path, content: bytes, headers: dict[str, str]
) -> None:
    shape = {"x-tensor-dtype": "uint8", "x-tensor-shape": "1,4"}
    with contextlib.closing(Watched(str(classifier_root(tmp_path / "root")))) as predictor:
        predictor.threads = set()
        sent = {"content-type": "application/json", **shape, **headers}
        assert (
            send(create_app(predictor), "POST", "/predict", content=content, headers=sent).status_code == 200
        )
        assert predictor.threads == {threading.get_ident()}


def test_a_tensor_is_taken_and_given_as_bytes(apps: dict[str, FastAPI]) -> None:
    picture = bytes(range(6))
    shape = {"x-tensor-dtype": "uint8", "x-tensor-shape": "1,2,3", "content-type": "application/octet-stream"}
    plain = send(apps["picture"], "POST", "/predict", content=picture, headers=shape).json()
    assert plain["predictions"] == [2.5]
    wanted = {**shape, "accept": "application/octet-stream", "x-output-name": "doubled", "x-request-id": "r2"}
    response = send(apps["picture"], "POST", "/predict", content=picture, headers=wanted)
    assert struct.unpack("<6f", response.content) == (0, 2, 4, 6, 8, 10)
    assert response.headers["x-tensor-shape"] == "1,2,3"
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-request-id"] == "r2"


def test_no_endpoint_hops_to_a_thread(app: FastAPI) -> None:
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) == 18
    assert all(inspect.iscoroutinefunction(route.endpoint) for route in routes)


def test_a_server_serves_it_by_its_name(tmp_path: Path) -> None:
    with serving(classifier_root(tmp_path / "root")) as server:
        response = httpx.post(f"{server.address}/predict", json=ROW, headers={"x-request-id": "r9"})
        assert response.json()["predictions"] == ["setosa"]
        assert response.headers["x-request-id"] == "r9"
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    assert {
        "request_id": "r9",
        "route": "predict",
        "status": 200,
        "source": "http",
        "rows": 1,
    }.items() <= lines[-1].items()
