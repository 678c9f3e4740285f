"""/openapi.json with the model's own schemas, and /docs over it. Both work behind any stage or mapping."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from runtimes.core.manifest import Manifest
from runtimes.core.service import INFER_V2, PREDICT, PREDICT_BATCH
from runtimes.http import about, binary_schema, examples, predictions, schema
from runtimes.http.serving import open_predictor, reply


async def openapi(request: Request) -> Response:
    """The description of all routes."""
    return reply(describe(open_predictor(request).manifest))


async def docs(request: Request) -> Response:
    """The description as a page. Its address is relative: a stage's name may stand before it."""
    return get_swagger_ui_html(
        openapi_url="openapi.json", title=open_predictor(request).manifest.name, oauth2_redirect_url=None
    )


def describe(manifest: Manifest) -> dict[str, Any]:
    """The OpenAPI document of an artifact."""
    paths: dict[str, Any] = {}
    for path, method, name, endpoint in (*about.ROUTES, *predictions.ROUTES):
        operation = {
            "operationId": f"{endpoint.__name__}{'_of_version' if '{version}' in path else ''}",
            "summary": (endpoint.__doc__ or name).strip(),
            "tags": ["Open Inference Protocol v2" if path.startswith("/v2") else "Model"],
            "parameters": [
                _parameter(part, manifest) for part in ("model", "version") if f"{{{part}}}" in path
            ],
            **(_prediction(name, manifest) if method == "POST" else _plain()),
        }
        if name == PREDICT:
            operation["parameters"] += binary_schema.parameters(manifest.signature)
        if "{model}" in path:
            operation["responses"]["404"] = _response("another model's name or version", {"type": "object"})
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": manifest.name, "version": manifest.version},
        "servers": [{"url": "."}],
        "paths": paths,
    }


def _parameter(name: str, manifest: Manifest) -> dict[str, Any]:
    value = manifest.name if name == "model" else manifest.version
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": value}


def _prediction(route: str, manifest: Manifest) -> dict[str, Any]:
    row = examples.example_row(manifest.signature)
    request, example, answer = {
        PREDICT: (schema.predict_request, {"instances": [row]}, schema.predict_answer),
        PREDICT_BATCH: (schema.batch_request, {"instances": [row, row]}, schema.batch_answer),
        INFER_V2: (
            schema.infer_request,
            examples.example_infer(manifest.signature),
            lambda _: schema.infer_answer(),
        ),
    }[route]
    refused = schema.error_answer() if route != INFER_V2 else {"type": "object"}
    body = {"schema": request(manifest), "example": example}
    statuses = {
        "400": "not JSON",
        "406": "no answer of the type that accept names",
        "413": "too large",
        "415": "not of a type that is read",
        "422": "does not fit",
    }
    described: dict[str, Any] = {
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": _response("the answer", answer(manifest)),
            **{status: _response(reason, refused) for status, reason in statuses.items()},
        },
    }
    if route == PREDICT:
        described["requestBody"]["content"] |= binary_schema.request_content(manifest.signature)
        described["responses"]["200"]["content"] |= binary_schema.answer_content(manifest.signature)
    return described


def _plain() -> dict[str, Any]:
    return {"responses": {"200": _response("the answer", {"type": "object"})}}


def _response(reason: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": reason, "content": {"application/json": {"schema": content}}}


ROUTES = (
    ("/openapi.json", "GET", "openapi.json", openapi),
    ("/docs", "GET", "docs", docs),
)
