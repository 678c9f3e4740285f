"""The FastAPI app: every route of an artifact over HTTP, locally by `uvicorn runtimes.http.app:app`.

All endpoints are ``async``: a ``def`` endpoint costs a hop to a thread on every request. They take the
plain request and give bytes, so that the app and the function's fast path answer alike by construction.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware

from runtimes.core.predictor import Predictor
from runtimes.http import about, openapi, predictions
from runtimes.http.failures import HANDLERS
from runtimes.http.request_log import RequestLog


def create_app(predictor: Predictor | None = None) -> FastAPI:
    """The app of one artifact. Without a predictor the first request that needs it opens it."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[Middleware(RequestLog)],
        exception_handlers=HANDLERS,
    )
    app.state.predictor = predictor
    for room in (about, predictions, openapi):
        for path, method, name, endpoint in room.ROUTES:
            app.add_api_route(path, endpoint, methods=[method], name=name)
    return app


def __getattr__(name: str) -> FastAPI:
    """``app`` is made when a server asks for it: the function makes its own, with its own predictor."""
    if name != "app":
        raise AttributeError(name)
    app = globals()["app"] = create_app()
    return app
