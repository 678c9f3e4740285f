"""The routes that tell: alive, ready, which model, what it takes."""

from __future__ import annotations

from fastapi import Request, Response

from runtimes.core.exchange import check_model
from runtimes.core.predictor import Predictor
from runtimes.http.serving import open_predictor, reply


async def health() -> Response:
    """The server is alive."""
    return reply({"status": "ok"})


async def ready(request: Request) -> Response:
    """The model is open."""
    manifest = open_predictor(request).manifest
    return reply({"status": "ready", "model": {"name": manifest.name, "version": manifest.version}})


async def info(request: Request) -> Response:
    """The model, its signature, its engine, where it came from, and the limits of a request."""
    return reply(open_predictor(request).info())


async def models(request: Request) -> Response:
    """The models that are served here: one."""
    manifest = open_predictor(request).manifest
    return reply({"models": [{"name": manifest.name, "version": manifest.version, "ready": True}]})


async def model(request: Request) -> Response:
    """One model by name."""
    return reply(_open_named(request).info())


async def server_v2(request: Request) -> Response:
    """Open Inference Protocol v2: the server."""
    version = open_predictor(request).manifest.packager_version
    return reply({"name": "packager", "version": version, "extensions": []})


async def live_v2() -> Response:
    """Open Inference Protocol v2: the server is alive."""
    return reply({"live": True})


async def ready_v2(request: Request) -> Response:
    """Open Inference Protocol v2: the model is open."""
    open_predictor(request)
    return reply({"ready": True})


async def model_v2(request: Request) -> Response:
    """Open Inference Protocol v2: the model's inputs and outputs."""
    return reply(_open_named(request).model_metadata_v2())


async def model_ready_v2(request: Request) -> Response:
    """Open Inference Protocol v2: this model is open."""
    return reply({"name": _open_named(request).manifest.name, "ready": True})


def _open_named(request: Request) -> Predictor:
    predictor = open_predictor(request)
    check_model(predictor, request.path_params["model"], request.path_params.get("version"))
    return predictor


ROUTES = (
    ("/health", "GET", "health", health),
    ("/ready", "GET", "ready", ready),
    ("/info", "GET", "info", info),
    ("/models", "GET", "models", models),
    ("/models/{model}", "GET", "models/{model}", model),
    ("/v2", "GET", "v2", server_v2),
    ("/v2/health/live", "GET", "v2/health/live", live_v2),
    ("/v2/health/ready", "GET", "v2/health/ready", ready_v2),
    ("/v2/models/{model}", "GET", "v2/models/{model}", model_v2),
    ("/v2/models/{model}/ready", "GET", "v2/models/{model}/ready", model_ready_v2),
    ("/v2/models/{model}/versions/{version}", "GET", "v2/models/{model}", model_v2),
    ("/v2/models/{model}/versions/{version}/ready", "GET", "v2/models/{model}/ready", model_ready_v2),
)
