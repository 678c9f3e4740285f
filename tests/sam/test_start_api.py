"""`sam local start-api` on a built artifact, asked by a real HTTP client."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from packager import containers
from tests.main_job.commands import check
from tests.sam import api
from tests.sam.built import Built

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def client(
    engine: containers.Engine, sam: tuple[str, ...], forest: Built, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("start-api")
    with (
        api.started(sam, forest.artifact / "template.yaml", folder) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def test_predictions_are_the_source_models(client: httpx.Client, forest: Built) -> None:
    for question in forest.questions:
        response = client.post("/predict", json=question.request)
        assert response.status_code == 200, response.text
        check(response.json(), question.answer)


def test_the_open_inference_protocol_answers_the_same(client: httpx.Client, forest: Built) -> None:
    question = forest.questions[-1]
    rows = question.request["instances"]
    (described,) = client.get("/v2/models/model").json()["inputs"]
    numbers = [number for row in rows for number in row]
    tensor = {**described, "shape": [len(rows), len(rows[0])], "data": numbers}
    response = client.post("/v2/models/model/infer", json={"inputs": [tensor]})
    assert response.status_code == 200, response.text
    outputs = {output["name"]: output["data"] for output in response.json()["outputs"]}
    assert question.answer["predictions"] in outputs.values()


def test_health_and_the_pages_come_from_the_app(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    docs = client.get("/docs")
    assert docs.headers["content-type"].startswith("text/html") and "swagger" in docs.text.lower()
    assert "/predict" in client.get("/openapi.json").json()["paths"]


def test_a_row_with_too_few_numbers_is_a_422_that_names_the_field(client: httpx.Client) -> None:
    response = client.post("/predict", json={"features": [1.0, 2.0]})
    assert response.status_code == 422
    assert "features" in response.text
    assert client.get("/health").status_code == 200


def test_what_is_not_there_is_a_404(client: httpx.Client) -> None:
    assert client.get("/nothing").status_code == 404
