"""Records are found in the events of every source."""

import pytest

from runtimes.aws_lambda.records import find_batch
from tests.runtimes.aws_lambda.payloads import load

ROW = '{"features": [5.1, 3.5, 1.4, 0.2]}'


@pytest.mark.parametrize(
    ("name", "source", "count", "ordered"),
    [
        ("sqs", "sqs", 3, False),
        ("sqs_fifo", "sqs", 3, True),
        ("kinesis", "kinesis", 3, True),
        ("sns", "sns", 1, False),
        ("eventbridge", "eventbridge", 1, False),
    ],
)
def test_finds_the_documents(name: str, source: str, count: int, ordered: bool) -> None:
    batch = find_batch(load(name))
    assert batch is not None
    assert (batch.source, len(batch.records), batch.ordered) == (source, count, ordered)
    body = batch.records[0].body
    assert body in (ROW, ROW.encode(), {"features": [5.1, 3.5, 1.4, 0.2]})


def test_finds_the_ids_that_the_sources_ask_for() -> None:
    ids = {}
    for name in ("sqs", "kinesis", "sns", "eventbridge", "s3"):
        batch = find_batch(load(name))
        assert batch is not None
        ids[name] = batch.records[0].id
    assert ids == {
        "sqs": load("sqs")["Records"][0]["messageId"],
        "kinesis": load("kinesis")["Records"][0]["kinesis"]["sequenceNumber"],
        "sns": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "eventbridge": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "s3": "rows-in/meter 1/märz+row.json",
    }


def test_only_objects_that_were_made_are_requests() -> None:
    event = load("s3")
    event["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    batch = find_batch(event)
    assert batch is not None and batch.records == []


def test_the_test_event_of_a_bucket_has_no_records() -> None:
    batch = find_batch({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "rows-in"})
    assert batch is not None and batch.records == []


def test_data_that_is_no_base64_is_a_failure_of_its_record() -> None:
    event = load("kinesis")
    event["Records"][1]["kinesis"]["data"] = "a"
    batch = find_batch(event)
    assert batch is not None
    assert [record.failure.code if record.failure else None for record in batch.records] == [
        None,
        "bad_base64",
        None,
    ]


@pytest.mark.parametrize("identifier", ["", None, 7])
def test_a_record_without_an_id_is_no_event_of_its_source(identifier: object) -> None:
    event = load("sqs")
    event["Records"][1]["messageId"] = identifier
    assert find_batch(event) is None
