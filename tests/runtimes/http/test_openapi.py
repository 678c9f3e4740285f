"""The description is the model's own: its schemas take what it takes, its examples are answered."""

from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from openapi_spec_validator import validate

from tests.runtimes.http.client import send
from tests.runtimes.http.conftest import MODELS

POSTS = ("/predict", "/predict/batch", "/v2/models/{model}/infer")


def _description(app: FastAPI) -> dict[str, Any]:
    document: dict[str, Any] = send(app, "GET", "/openapi.json").json()
    return document


def _request(document: dict[str, Any], path: str) -> dict[str, Any]:
    content: dict[str, Any] = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return content


def _answer_schema(document: dict[str, Any], path: str, status: int) -> Any:
    responses = document["paths"][path]["post"]["responses"]
    return responses[str(status)]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("name", MODELS)
def test_is_a_valid_description(apps: dict[str, FastAPI], name: str) -> None:
    document = _description(apps[name])
    validate(document)
    assert document["info"]["title"] == name


def test_describes_every_route(app: FastAPI) -> None:
    described = set(_description(app)["paths"])
    routes = {route.path for route in app.routes if isinstance(route, APIRoute)}
    assert described == routes - {"/docs", "/openapi.json"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("path", POSTS)
def test_the_example_is_answered_as_described(apps: dict[str, FastAPI], name: str, path: str) -> None:
    document = _description(apps[name])
    request = _request(document, path)
    jsonschema.validate(request["example"], request["schema"])
    response = send(apps[name], "POST", path.replace("{model}", name), json=request["example"])
    assert response.status_code == 200
    jsonschema.validate(response.json(), _answer_schema(document, path, 200))


PICTURE = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("iris", {"features": [1, 2, 3, 4]}),
        ("iris", {"instances": [[1, 2, 3, 4.5]]}),
        ("iris", {"inputs": {"X": [[1, 2, 3, 4]]}}),
        ("iris", {"inputs": {"X": {"dtype": "float32", "shape": [1, 4], "b64": "AAAAAAAAAAAAAAAAAAAAAA=="}}}),
        ("iris", {"inputs": {"X": {"dtype": "uint8", "shape": [1, 4], "b64": "AAAAAA=="}}}),
        ("iris", {"inputs": {"X": {"dtype": "float64", "shape": [1, 1], "b64": "AAAAAAAAAAA="}}}),
        ("iris", {"features": [1, 2, 3, 4], "encoding": "b64"}),
        ("iris", {"features": [1, 2, 3, 4], "encoding": "json"}),
        ("iris", {"features": [1, 2, 3, 4], "encoding": "zip"}),
        ("picture", {"features": PICTURE, "encoding": "b64"}),
        ("iris", {"inputs": {"X": {"data": [[1, 2, 3, 4]]}}}),
        ("iris", {"inputs": {"X": {"data": [1, 2, 3, 4], "shape": [1, 4], "dtype": "float32"}}}),
        ("iris", {"inputs": {"X": {"data": [[1, 2, 3, 4]], "dtype": "float64"}}}),
        ("iris", {"inputs": {"X": {"shape": [1, 4], "dtype": "float32"}}}),
        ("iris", {"inputs": {"X": {"data": [1, 2, 3, 4], "shape": [1, 4], "more": 1}}}),
        ("iris", {"features": [1, 2, 3]}),
        ("iris", {"features": [1, 2, 3, "4"]}),
        ("iris", {"features": [1, 2, 3, None]}),
        ("iris", {"features": [1, 2, 3, 4], "more": 1}),
        ("iris", {"instances": []}),
        ("price", {"features": {"city": "Paris", "age": None}}),
        ("price", {"features": {"city": None, "age": 1}}),
        ("price", {"features": {"city": "Paris"}}),
        ("price", {"features": ["Paris", 3, 4]}),
        ("picture", {"features": PICTURE}),
        ("picture", {"instances": [PICTURE, {"picture": PICTURE}]}),
        ("picture", {"features": [PICTURE]}),
        ("picture", {"features": [[1.0, 2.0], [3.0, 4.0]]}),
    ],
)
def test_the_schema_takes_what_the_model_takes(
    apps: dict[str, FastAPI], name: str, document: dict[str, object]
) -> None:
    description = _description(apps[name])
    validator = jsonschema.Draft202012Validator(_request(description, "/predict")["schema"])
    response = send(apps[name], "POST", "/predict", json=document)
    assert validator.is_valid(document) == (response.status_code == 200)
    jsonschema.validate(response.json(), _answer_schema(description, "/predict", response.status_code))


@pytest.mark.parametrize(("name", "takes_bytes"), [("iris", True), ("picture", True), ("price", False)])
def test_tensors_as_bytes_are_described_where_they_are_taken(
    apps: dict[str, FastAPI], name: str, takes_bytes: bool
) -> None:
    operation = _description(apps[name])["paths"]["/predict"]["post"]
    binary = "application/octet-stream"
    assert (binary in operation["requestBody"]["content"]) == takes_bytes
    assert binary in operation["responses"]["200"]["content"]
    outputs = next(item for item in operation["parameters"] if item["name"] == "x-output-name")["schema"][
        "enum"
    ]
    for output in outputs:
        headers = {"accept": binary, "x-output-name": output}
        example = operation["requestBody"]["content"]["application/json"]["example"]
        response = send(apps[name], "POST", "/predict", json=example, headers=headers)
        assert (response.status_code, response.headers["content-type"]) == (200, binary)


def test_the_page_finds_its_description_behind_any_stage(app: FastAPI) -> None:
    page = send(app, "GET", "/docs").text
    assert "url: 'openapi.json'" in page and "/openapi.json" not in page.replace("./openapi.json", "")
    assert _description(app)["servers"] == [{"url": "."}]


@pytest.mark.parametrize("outputs", [[{"name": "label"}], [{"name": "x"}], [{}], []])
def test_the_protocols_schema_takes_the_outputs_that_the_model_has(app: FastAPI, outputs: object) -> None:
    description = _description(app)
    request = _request(description, "/v2/models/{model}/infer")
    document = {**request["example"], "outputs": outputs}
    response = send(app, "POST", "/v2/models/iris/infer", json=document)
    validator = jsonschema.Draft202012Validator(request["schema"])
    assert validator.is_valid(document) == (response.status_code == 200)


def test_every_route_with_a_models_name_tells_of_its_404(app: FastAPI) -> None:
    for path, operations in _description(app)["paths"].items():
        for method, operation in operations.items():
            named = path.replace("{model}", "other").replace("{version}", "1")
            status = send(app, method.upper(), named).status_code
            assert (str(status) in operation["responses"]) and (status == 404) == ("{model}" in path)
