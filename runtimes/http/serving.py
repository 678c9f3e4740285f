"""What the endpoints share: the app's predictor, and the one way an answer is written."""

from __future__ import annotations

from fastapi import Request, Response

from runtimes.core.documents import encode
from runtimes.core.predictor import Predictor
from runtimes.core.service import INFER_V2, PREDICT


def open_predictor(request: Request) -> Predictor:
    """The app's predictor, opened when it is first asked for."""
    state = request.app.state
    if state.predictor is None:
        state.predictor = Predictor()
    predictor: Predictor = state.predictor
    return predictor


def reply(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The document as JSON, in the bytes that the function's fast path writes too."""
    return Response(encode(document), status, headers, media_type="application/json")


def error_shape(request: Request) -> str:
    """The route whose errors this path's errors look like: the inference protocol has its own."""
    return INFER_V2 if (request.scope["path"] + "/").startswith("/v2/") else PREDICT
