"""Finds the request documents in events that carry records: SQS, Kinesis, SNS, S3, EventBridge."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from urllib.parse import unquote_plus

from runtimes.aws_lambda.paths import as_object
from runtimes.core.errors import RequestError

SOURCES = {"aws:sqs": "sqs", "aws:kinesis": "kinesis", "aws:sns": "sns", "aws:s3": "s3"}


class UnknownSourceError(Exception):
    """Records of a service that is not read here. A document would tell Lambda that they are done."""


class Record:
    """One request document of an event: its id, its body or the object that holds it, later its answer."""

    __slots__ = ("answer", "body", "bucket", "failure", "id", "key")

    def __init__(self, identifier: str, body: bytes | str | dict[str, object] = "") -> None:
        self.id = identifier
        self.body = body
        self.bucket = self.key = ""
        self.answer: dict[str, object] = {}
        self.failure: RequestError | None = None


class Batch:
    """The records of one event. ``ordered``: nothing after the first failure may be done."""

    __slots__ = ("ordered", "records", "source")

    def __init__(self, source: str, records: list[Record], ordered: bool = False) -> None:
        self.source = source
        self.records = records
        self.ordered = ordered


def find_batch(event: dict[str, object]) -> Batch | None:
    """The records of an event, or None when it is no event that carries any."""
    if _text(event, "id") and _text(event, "detail-type"):
        return Batch("eventbridge", [_read_eventbridge(event)])
    if event.get("Event") == "s3:TestEvent":
        return Batch("s3", [])
    items = event.get("Records")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        return None
    source = SOURCES.get(_text(items[0], "eventSource") or _text(items[0], "EventSource"))
    if source is None:
        return None
    records = [record for record in map(_READERS[source], items) if record is not None]
    if not all(record.id for record in records):
        # Lambda takes an empty id as the failure of everything: better to say that this is no such event.
        return None
    fifo = _text(items[0], "eventSourceARN").endswith(".fifo")
    return Batch(source, records, ordered=source == "kinesis" or fifo)


def refuse_source(event: dict[str, object]) -> None:
    """Raise for records of a service that is none of ``SOURCES``: a table's stream, Kafka, a broker."""
    items = event.get("Records")
    first = as_object(items[0]) if isinstance(items, list) and items else event
    source = _text(first, "eventSource")
    if source.startswith(("aws:", "SelfManagedKafka")) and source not in SOURCES:
        raise UnknownSourceError(f"records of {source[:40]} are not taken; send them through SQS or Kinesis")


def _read_eventbridge(event: dict[str, object]) -> Record:
    """The request in ``detail``; for S3's own events it is in the object that ``detail`` names."""
    detail = event.get("detail")
    record = Record(_text(event, "id"), detail if isinstance(detail, dict) else "")
    if _text(event, "source") == "aws.s3" and _text(event, "detail-type") == "Object Created":
        parts = as_object(detail)
        record.bucket = _text(as_object(parts.get("bucket")), "name")
        record.key = _text(as_object(parts.get("object")), "key")  # not URL-encoded here
    return record


def _read_sqs(item: dict[str, object]) -> Record:
    return Record(_text(item, "messageId"), _text(item, "body"))


def _read_sns(item: dict[str, object]) -> Record:
    message = as_object(item.get("Sns"))
    return Record(_text(message, "MessageId"), _text(message, "Message"))


def _read_kinesis(item: dict[str, object]) -> Record:
    kinesis = as_object(item.get("kinesis"))
    record = Record(_text(kinesis, "sequenceNumber"))
    try:
        record.body = a2b_base64(_text(kinesis, "data").encode("utf-8", "surrogatepass"))
    except Base64Error:
        record.failure = RequestError("the record's data is not base64", status=400, code="bad_base64")
    return record


def _read_s3(item: dict[str, object]) -> Record | None:
    """The object that was made; other notifications (removed, restored) bring no request."""
    if not _text(item, "eventName").startswith("ObjectCreated:"):
        return None
    s3 = as_object(item.get("s3"))
    bucket, key = _text(as_object(s3.get("bucket")), "name"), _text(as_object(s3.get("object")), "key")
    record = Record("")
    if bucket and key:
        record.bucket, record.key = bucket, unquote_plus(key)
        record.id = f"{bucket}/{record.key}"
    return record


def _text(document: dict[str, object], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


_READERS = {"sqs": _read_sqs, "kinesis": _read_kinesis, "sns": _read_sns, "s3": _read_s3}
