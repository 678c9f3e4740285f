"""The routes that are no predictions: through Mangum to the FastAPI app, imported when one comes."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from urllib.parse import quote

from runtimes.aws_lambda.http_event import HttpRequest, shape
from runtimes.aws_lambda.paths import as_object
from runtimes.core.documents import encode
from runtimes.core.errors import RequestError
from runtimes.core.exchange import log_request
from runtimes.core.predictor import Predictor
from runtimes.core.service import PREDICT, failed

_PASSED = (
    "accept",
    "content-encoding",
    "content-type",
    "x-output-name",
    "x-tensor-dtype",
    "x-tensor-name",
    "x-tensor-shape",
)
"""The headers that the app reads. Mangum reads some of the others, and fails where they are odd."""

_adapters: dict[int, object] = {}
_loop = asyncio.new_event_loop()


def answer_by_app(
    predictor: Predictor, request: HttpRequest, request_id: str, started: float
) -> dict[str, object]:
    """The app's answer, in the shape of the event's service. The app writes the line of log."""
    # Mangum runs the app on the thread's loop, and nothing else here needs one.
    asyncio.set_event_loop(_loop)
    try:
        adapter = _adapters.get(id(predictor)) or _make_adapter(predictor)
        body = request.read_body()
        data = body.encode("ascii") if isinstance(body, str) else body
    except ModuleNotFoundError as error:
        return _refuse(request, request_id, started, _without_app(error))
    except RequestError as error:
        return _refuse(request, request_id, started, error)
    answer = as_object(adapter(_canonical(request, data, request_id, started), None))  # type: ignore[operator]
    headers = {name: str(value) for name, value in as_object(answer.get("headers")).items()}
    status, encoded = answer.get("statusCode"), answer.get("isBase64Encoded") is True
    return shape(request, status if isinstance(status, int) else 500, headers, str(answer["body"]), encoded)


def _make_adapter(predictor: Predictor) -> object:
    from mangum import Mangum

    from runtimes.http.app import create_app

    # Its line names the path as it came, which is the user's; the app's own line says more.
    logging.getLogger("mangum.http").setLevel(logging.ERROR)
    adapter = _adapters[id(predictor)] = Mangum(create_app(predictor), lifespan="off")
    return adapter


def _canonical(request: HttpRequest, body: bytes, request_id: str, started: float) -> dict[str, object]:
    """One form for all services, with the path that the routes know: what came is read in one place only.

    ``source`` and ``started`` are ours: the app finds them in its scope and logs them.
    """
    http = {"method": request.method, "path": quote(request.path, errors="replace"), "sourceIp": ""}
    headers = {
        name: request.headers[name].encode("utf-8", "replace").decode()
        for name in _PASSED
        if name in request.headers
    }
    return {
        "version": "2.0",
        "source": request.source,
        "started": started,
        "rawQueryString": "",
        "headers": {**headers, "x-request-id": request_id},
        "requestContext": {"http": http},
        "body": b64encode(body).decode("ascii"),
        "isBase64Encoded": True,
    }


def _without_app(error: ModuleNotFoundError) -> RequestError:
    if error.name not in ("runtimes.http", "runtimes.http.app", "fastapi", "mangum"):
        raise error
    message = "this function was built without its HTTP routes; only predictions are answered, by POST"
    return RequestError(message, status=404, code="not_found")


def _refuse(request: HttpRequest, request_id: str, started: float, error: RequestError) -> dict[str, object]:
    log_request(request.source, request_id, "unmatched", error.status, started)
    headers = {"content-type": "application/json", "x-request-id": request_id}
    body = encode(failed(error, PREDICT, request_id)).decode("ascii")
    return shape(request, error.status, headers, body)
