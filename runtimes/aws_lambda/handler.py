"""The function's handler: looks at the event, gives it to the predictor, shapes the answer.

What an HTTP prediction or a direct invoke needs is imported here, while Lambda starts the function;
what the other events need is imported when the first of them comes.
"""

from __future__ import annotations

import os
from time import perf_counter

from runtimes.aws_lambda import http_event
from runtimes.core.documents import write
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.exchange import answer, choose_request_id, count_rows, find_target, log_request, write_log
from runtimes.core.predictor import Predictor
from runtimes.core.service import INFER_V2, PREDICT, failed, respond

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.aws_lambda.storage import Results
    from runtimes.core.binary import Content

MAX_ANSWER_BYTES = {"alb": 1_000_000}
"""What a load balancer takes from a function; every other caller takes what Lambda itself does."""
LAMBDA_ANSWER_BYTES = 6_291_456
_ENVELOPE_BYTES = 1024
"""For the status and the headers around a body."""
_SMALL_ANSWER = 400_000
"""Every service takes it, whatever is in it."""
_SHARE_OF_TIME = 0.9
"""Of what a function has for an event of records; the rest is for the answer that tells which are done."""
_SCHEDULES = ("aws.events", "aws.scheduler")


def _open() -> tuple[Predictor, Results | None]:
    """The model, and where results of records go: what cannot work is said while the function starts."""
    try:
        return Predictor(), _find_results()
    except ModelError as error:
        write_log({"level": "ERROR", "message": "the function cannot start", "error": error.message})
        raise


def _find_results() -> Results | None:
    if not os.environ.get("RESULTS_S3_URI"):
        return None
    from runtimes.aws_lambda.storage import find_results

    return find_results()


predictor, results = _open()


def handler(event: object, context: object) -> object:
    """Answer one event. Wrong requests are answers; only events that AWS retries end in an exception."""
    started = perf_counter()
    own_id = str(getattr(context, "aws_request_id", "")) or choose_request_id({}, "")
    if isinstance(event, dict):
        source = http_event.find_source(event)
        if source is not None:
            return _answer_http(event, source, own_id, started)
        if "features" in event or "instances" in event or "inputs" in event:
            return _answer_direct(event, own_id, started)
        if _is_warm_up(event):
            log_request("warmup", own_id, "warmup", 200, started)
            return {"warm": True, "request_id": own_id}
        if "Records" in event or "detail" in event or "Event" in event:
            answered = _answer_records(event, own_id, started, context)
            if answered is not None:
                return answered
        if "Records" in event or "eventSource" in event:
            _refuse_source(event, own_id, started)
    return _refuse(own_id, started)


def _answer_http(event: dict[str, object], source: str, own_id: str, started: float) -> dict[str, object]:
    request = http_event.HttpRequest(event, source)
    request_id = choose_request_id(request.headers, own_id)
    target = find_target(request.path) if request.method == "POST" else None
    if target is None:
        from runtimes.aws_lambda.fallback import answer_by_app

        return answer_by_app(predictor, request, request_id, started)
    try:
        status, document = answer(predictor, target, request.headers, request.read_body(), request_id)
    except RequestError as error:
        status, document = error.status, failed(error, target.route, request_id)
    if not isinstance(document, dict):
        return _answer_bytes(document, request, target.route, request_id, started)
    status, body = _write(status, document, target.route, source, request_id)
    log_request(source, request_id, target.route, status, started, count_rows(document))
    headers = {"content-type": "application/json", "x-request-id": request_id}
    return http_event.shape(request, status, headers, body)


def _answer_bytes(
    content: Content, request: http_event.HttpRequest, route: str, request_id: str, started: float
) -> dict[str, object]:
    """An answer that is no text goes as base64, and the caller's service decodes it."""
    from binascii import b2a_base64

    status, headers = 200, {**content.headers, "x-request-id": request_id}
    body = b2a_base64(content.data, newline=False).decode("ascii")
    refused = _refuse_size(len(body), request.source)
    if refused is not None:
        status, headers["content-type"] = 413, "application/json"
        body = write(failed(refused, route, request_id))
    log_request(request.source, request_id, route, status, started, content.rows)
    return http_event.shape(request, status, headers, body, encoded=refused is None)


def _write(
    status: int, document: dict[str, object], route: str, source: str, request_id: str
) -> tuple[int, str]:
    """The answer's text, or a 413 where it is more than can be returned: the caller would see a bare 502."""
    body = write(document)
    if len(body) < _SMALL_ANSWER:
        return status, body
    # Lambda counts the answer with the body as a JSON string in it: each quote and backslash takes two.
    refused = _refuse_size(len(body) + body.count('"') + body.count("\\"), source)
    return (status, body) if refused is None else (413, write(failed(refused, route, request_id)))


def _refuse_size(size: int, source: str) -> RequestError | None:
    """What the caller is told of an answer that its service could not return."""
    limit = MAX_ANSWER_BYTES.get(source, LAMBDA_ANSWER_BYTES)
    if size + _ENVELOPE_BYTES <= limit:
        return None
    message = f"the answer has {size} bytes; at most {limit} can be returned: send fewer rows"
    return RequestError(message, status=413, code="answer_too_large")


def _answer_direct(event: dict[str, object], own_id: str, started: float) -> dict[str, object]:
    """A document without HTTP around it: an error is a document too, with its ``status`` in it."""
    route = INFER_V2 if isinstance(event.get("inputs"), list) else PREDICT
    status, document = respond(predictor, route, event, own_id)
    log_request("direct", own_id, route, status, started, count_rows(document))
    return document if status == 200 else {**document, "status": status}


def _answer_records(
    event: dict[str, object], own_id: str, started: float, context: object
) -> dict[str, object] | None:
    from runtimes.aws_lambda.batch import answer_batch
    from runtimes.aws_lambda.records import find_batch

    batch = find_batch(event)
    if batch is None:
        return None
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    deadline = started + _SHARE_OF_TIME * remaining() / 1000 if remaining else float("inf")
    return answer_batch(predictor, batch, results, own_id, started, deadline)


def _refuse_source(event: dict[str, object], own_id: str, started: float) -> None:
    from runtimes.aws_lambda.records import UnknownSourceError, refuse_source

    try:
        refuse_source(event)
    except UnknownSourceError:
        log_request("unknown", own_id, "unknown", 400, started)
        raise


def _is_warm_up(event: dict[str, object]) -> bool:
    """``{"warmup": true}``, or a schedule's own event (one with a request in ``detail`` is a request)."""
    scheduled = event.get("detail-type") == "Scheduled Event" and event.get("source") in _SCHEDULES
    # A rule's detail is an empty object, that of EventBridge Scheduler is the text of one.
    detail = event.get("detail")
    return event.get("warmup") is True or (scheduled and (not detail or detail == "{}"))


def _refuse(own_id: str, started: float) -> dict[str, object]:
    message = (
        "this event is of no kind that the function knows; send a document with 'features', 'instances' or"
        " 'inputs', or an event of API Gateway, a function URL, a load balancer, SQS, Kinesis, SNS, S3 or"
        " EventBridge"
    )
    error = RequestError(message, status=400, code="unknown_event")
    log_request("unknown", own_id, "unknown", 400, started)
    return {**failed(error, PREDICT, own_id), "status": 400}
