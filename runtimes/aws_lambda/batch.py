"""Answers the records of an event, keeps the answers, and tells Lambda which records failed.

Lambda delivers failed records again. What it wants to be told differs, and decides what is done here:

- SQS: the ids of the failed messages; all others are done. The messages of a FIFO queue keep their order:
  nothing after the first failure is done, and all of it is returned as failed.
- Kinesis: the sequence number of the first failure. Lambda delivers again from there on, so nothing after
  it is answered here.
- SNS, S3, EventBridge: nobody waits, and there is no partial success. A failure is an exception, after the
  other records are answered: Lambda tries again, then hands the event to the function's dead-letter queue
  or failure destination.

Answers go to ``RESULTS_S3_URI`` as ``<record id>.json``, so that a repeated delivery writes the same place
again; without it they are returned beside the failures, as ``results``.
"""

from __future__ import annotations

from time import perf_counter

from runtimes.aws_lambda.merging import predict_all
from runtimes.aws_lambda.paths import as_object
from runtimes.aws_lambda.records import Batch, Record
from runtimes.aws_lambda.storage import RESULTS_VARIABLE, Results, StorageError, read_object
from runtimes.core.documents import write
from runtimes.core.errors import RequestError
from runtimes.core.exchange import count_rows, log_request, write_log
from runtimes.core.predictor import Predictor
from runtimes.core.service import PREDICT
from runtimes.core.signature import Signature

ANSWER_BYTES = 6_291_456
"""What Lambda returns. With one byte more it takes the whole event for failed, and delivers it again."""

REPORTING = ("sqs", "kinesis")


class RecordsFailedError(Exception):
    """Some records of an event that nobody waits for failed: Lambda shall deliver it again."""


def answer_batch(
    predictor: Predictor, batch: Batch, results: Results | None, own_id: str, started: float, deadline: float
) -> dict[str, object]:
    """Answer every record; the failed ones name themselves in the log by id and reason.

    From ``deadline`` on nothing more is kept: what is left comes again, and not all of it after a time-out.
    """
    records = [
        record for record in batch.records if not (results and results.holds(record.bucket, record.key))
    ]
    _predict(predictor, records, own_id)
    done, failed = _settle(records, batch.ordered, results, deadline)
    for record in failed:
        if record.failure is not None:
            _log_failure(record, batch.source, own_id)
    rows = sum(count_rows(record.answer) or 0 for record in done)
    log_request(batch.source, own_id, PREDICT, 207 if failed else 200, started, rows)
    if failed and batch.source not in REPORTING:
        names = ", ".join(f"{record.id} ({_reason(record.failure)})" for record in failed[:5])
        raise RecordsFailedError(f"{len(failed)} of {len(records)} records failed: {names}")
    if batch.source == "kinesis":
        failed = failed[:1]
    answer: dict[str, object] = {
        "batchItemFailures": [{"itemIdentifier": record.id} for record in failed],
        "answered": len(done),
    }
    if results:
        return {**answer, "results_s3_uri": results.uri}
    return _with_results(answer, done, own_id)


def _predict(predictor: Predictor, records: list[Record], own_id: str) -> None:
    """Give every record an answer or a failure."""
    limit = predictor.manifest.limits.max_body_bytes
    for record in records:
        if record.bucket:
            try:
                record.body = read_object(record.bucket, record.key, limit)
            except RequestError as error:
                record.failure = error
    readable = [record for record in records if record.failure is None]
    answers = predict_all(predictor, [record.body for record in readable], own_id)
    for record, (status, document) in zip(readable, answers):
        if status == 200:
            record.answer = document
        else:
            record.failure = _as_error(status, document, predictor.manifest.signature)


def _settle(
    records: list[Record], ordered: bool, results: Results | None, deadline: float
) -> tuple[list[Record], list[Record]]:
    """Keep the answers; done and failed records. In ordered sources the first failure ends it."""
    done: list[Record] = []
    failed: list[Record] = []
    for record in records:
        late = results is not None and record.failure is None and perf_counter() > deadline
        if late or (ordered and failed):
            failed.append(record)
            continue
        if results and record.failure is None:
            try:
                results.write(record.id, _as_result(record))
            except StorageError as error:
                record.failure = error
        (done if record.failure is None else failed).append(record)
    return done, failed


def _as_result(record: Record) -> dict[str, object]:
    return {"record_id": record.id, **record.answer}


def _with_results(answer: dict[str, object], done: list[Record], own_id: str) -> dict[str, object]:
    """The results in the answer, unless that is more than Lambda returns: then the log says so."""
    whole = {**answer, "results": [_as_result(record) for record in done]}
    text = write(whole)
    # Lambda's own client writes the answer, with a space behind each comma and colon.
    size = len(text) + text.count(",") + text.count(":")
    if size <= ANSWER_BYTES:
        return whole
    problem = f"an answer of {size} bytes cannot be returned; set {RESULTS_VARIABLE}"
    write_log({"level": "ERROR", "message": problem, "request_id": own_id})
    return {**answer, "results": None, "problem": problem}


def _as_error(status: int, document: dict[str, object], signature: Signature) -> RequestError:
    detail = as_object(document["error"])
    field = _known_field(str(detail.get("field") or ""), signature)
    return RequestError(str(detail["message"]), field=field, status=status, code=str(detail["code"]))


def _reason(failure: RequestError | None) -> str:
    """Why a record failed, without its values."""
    if failure is None or isinstance(failure, StorageError):
        return failure.message if failure else "not reached"
    return f"{failure.code} in {failure.field}" if failure.field else failure.code


def _known_field(field: str, signature: Signature) -> str | None:
    """The place in the document, unless a sender's own word stands in it: the log is not for their data."""
    import re

    names = {feature.name for feature in signature.features} | {spec.name for spec in signature.inputs}
    known = "|".join(map(re.escape, names))
    indexes = r"(\[\d+\])*"
    place = (
        rf"(features|instances|inputs){indexes}(\.({known}){indexes}(\.(b64|data|dtype|shape){indexes})?)?"
    )
    return field if re.fullmatch(place, field) else None


def _log_failure(record: Record, source: str, own_id: str) -> None:
    line: dict[str, object] = {
        "level": "WARN",
        "message": "record failed",
        "request_id": own_id,
        "source": source,
        "record_id": record.id,
        "reason": _reason(record.failure),
    }
    write_log(line)
