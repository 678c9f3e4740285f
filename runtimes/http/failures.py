"""Every error of the app as a JSON document in the one shape that all errors have."""

from __future__ import annotations

import sys
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from runtimes.core.errors import ModelError, RequestError
from runtimes.core.service import failed
from runtimes.http.serving import error_shape, reply

_CODES = {404: "not_found", 405: "method_not_allowed"}


async def _answer_http_error(request: Request, error: HTTPException) -> Response:
    method, path = request.method[:20], request.scope["path"][:80]
    message = str(error.detail)
    if error.status_code == 404:
        message = f"there is no route {path!r}"
    elif error.status_code == 405:
        message = f"{path!r} does not take {method}"
    code = _CODES.get(error.status_code, "bad_request")
    refused = RequestError(message, status=error.status_code, code=code)
    return _reply(request, refused, error.status_code, dict(error.headers or {}))


async def _answer_request_error(request: Request, error: RequestError) -> Response:
    return _reply(request, error, error.status)


async def _answer_model_error(request: Request, error: ModelError) -> Response:
    """The model cannot be opened: not ready, and the log says why."""
    sys.stderr.write(f"error: {error.message}\n")
    return _reply(request, error, 503)


async def _answer_bug(request: Request, error: Exception) -> Response:
    """Our own mistake: Starlette raises it again for the server's log, the sender gets a document."""
    return _reply(request, ModelError(type(error).__name__), 500)


def _reply(
    request: Request, error: RequestError | ModelError, status: int, headers: dict[str, str] | None = None
) -> Response:
    return reply(failed(error, error_shape(request), request.state.request_id), status, headers)


HANDLERS: dict[int | type[Exception], Any] = {
    HTTPException: _answer_http_error,
    RequestError: _answer_request_error,
    ModelError: _answer_model_error,
    Exception: _answer_bug,
}
