"""One request in, one status and document out: what the Lambda fast path and the FastAPI app share.

Both faces call ``respond`` and write what it returns with ``documents.encode``, so that they give the same
status and the same bytes by construction. What is theirs: event shapes, headers, routes that are not listed
here.
"""

from __future__ import annotations

import sys

from runtimes.core.documents import parse
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.predictor import Predictor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, TypeVar

    Answer = TypeVar("Answer")

PREDICT = "predict"
PREDICT_BATCH = "predict/batch"
INFER_V2 = "v2/infer"
ROUTES = (PREDICT, PREDICT_BATCH, INFER_V2)


def respond(
    predictor: Predictor, route: str, body: bytes | str | dict[str, object], request_id: str = ""
) -> tuple[int, dict[str, object]]:
    """Answer one request: ``(HTTP status, document)``. Never raises for what a user sent.

    ``route`` is one of ``ROUTES``. ``body`` is the body as it arrived, or a document that was parsed before
    (a direct invoke): then only its size is not checked. The document always carries ``request_id``; in
    ``v2/infer`` answers, whose shape is fixed by the protocol, it stands as ``id`` when the request has none,
    and an error there is ``{"error": "sentence", "code", "field", "index", "request_id"}``.

    400 not JSON, 404 unknown route, 413 body too large, 422 does not fit the model, 500 the model failed.
    """
    status, document = guarded(lambda: _run(predictor, route, body), route, request_id)
    if status == 200:
        document.setdefault("id" if route == INFER_V2 else "request_id", request_id)
    return status, document


def guarded(run: Callable[[], Answer], route: str, request_id: str) -> tuple[int, Answer | dict[str, object]]:
    """What ``run`` answers, or the document of why it cannot: whatever it raises is an answer."""
    try:
        return 200, run()
    except RequestError as error:
        return error.status, failed(error, route, request_id)
    except ModelError as error:
        return 500, _fail(error, route, request_id)
    except Exception as error:  # noqa: BLE001 - the border: a fault of ours is an answer too, and the next is served
        return 500, _fail(
            ModelError(f"internal: {type(error).__name__} in {_place_of(error)}"), route, request_id
        )


def _run(predictor: Predictor, route: str, body: bytes | str | dict[str, object]) -> dict[str, object]:
    if isinstance(body, (bytes, str)):
        check_size(body, predictor.manifest.limits.max_body_bytes)
        document = parse(body)
    else:
        document = body
    if route == PREDICT:
        return predictor.predict(document)
    if route == PREDICT_BATCH:
        return predictor.predict_batch(document)
    if route == INFER_V2:
        return predictor.infer_v2(document)
    raise RequestError(f"there is no route {route[:80]!r}", status=404, code="not_found")


def check_size(body: bytes | str, limit: int) -> None:
    """Refuse a body that has more bytes than the limit."""
    size = len(body)
    if size <= limit and isinstance(body, str) and not body.isascii():
        size = len(body.encode("utf-8", "surrogatepass"))
    if size > limit:
        message = f"the body has {size} bytes; at most {limit} are taken"
        raise RequestError(message, status=413, code="too_large")


def _fail(error: ModelError, route: str, request_id: str) -> dict[str, object]:
    print(f"error: {error.message} (request {request_id})", file=sys.stderr, flush=True)
    return failed(error, route, request_id)


def _place_of(error: Exception) -> str:
    """Where it was raised. Its text is left out: it may quote what a user sent."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step is not None else "an unknown place"


def failed(error: RequestError | ModelError, route: str, request_id: str) -> dict[str, object]:
    """The document of an error, in the shape that this route's errors have."""
    document = error.document()
    detail = document["error"]
    if route == INFER_V2 and isinstance(detail, dict):
        document = {**detail, "error": detail["message"]}
        del document["message"]
    document["request_id"] = request_id
    return document
