"""The routes that predict: the same two calls as the function's fast path makes."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from runtimes.core.errors import RequestError
from runtimes.core.exchange import Target, answer, count_rows
from runtimes.core.service import INFER_V2, PREDICT, PREDICT_BATCH
from runtimes.http.serving import open_predictor, reply


async def predict(request: Request) -> Response:
    """Predict one row or many: all rows must be right."""
    return await _answer(request, Target(PREDICT))


async def predict_batch(request: Request) -> Response:
    """Predict many rows, each judged on its own: wrong rows are errors beside the others' answers."""
    return await _answer(request, Target(PREDICT_BATCH))


async def infer(request: Request) -> Response:
    """Open Inference Protocol v2: tensors in, tensors out."""
    path = request.path_params
    return await _answer(request, Target(INFER_V2, path["model"], path.get("version")))


async def _answer(request: Request, target: Target) -> Response:
    predictor = open_predictor(request)
    state = request.state
    body = await _read_body(request, predictor.manifest.limits.max_body_bytes)
    status, document = answer(predictor, target, state.headers, body, state.request_id)
    state.rows = count_rows(document)
    if not isinstance(document, dict):
        return Response(document.data, status, document.headers)
    return reply(document, status)


async def _read_body(request: Request, limit: int) -> bytes:
    """The whole body. A sender who goes on after the limit is not read to the end."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            if chunk and len(body) > limit:
                message = f"the body has more than {limit} bytes; at most {limit} are taken"
                raise RequestError(message, status=413, code="too_large")
            body += chunk
    except ClientDisconnect:
        # Nobody reads this answer: it is for the log, where the sender's fault must not look like ours.
        raise RequestError("the body broke off", status=400, code="incomplete_body") from None
    return bytes(body)


ROUTES = (
    ("/predict", "POST", PREDICT, predict),
    ("/predict/batch", "POST", PREDICT_BATCH, predict_batch),
    ("/v2/models/{model}/infer", "POST", INFER_V2, infer),
    ("/v2/models/{model}/versions/{version}/infer", "POST", INFER_V2, infer),
)
