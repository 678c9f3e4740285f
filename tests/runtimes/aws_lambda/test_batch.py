"""Records are answered, kept, and told apart as Lambda wants it of each source."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from runtimes.aws_lambda import storage
from runtimes.aws_lambda.batch import RecordsFailedError
from runtimes.aws_lambda.records import UnknownSourceError
from tests.artifacts import make_root
from tests.runtimes.aws_lambda.payloads import Context, Event, load, rounded
from tests.runtimes.aws_lambda.strategies import FEATURES
from tests.runtimes.core.models import choosing

ROW = {"features": [5.1, 3.5, 1.4, 0.2]}


def _with_bodies(name: str, *bodies: str) -> Event:
    event = load(name)
    for record, body in zip(event["Records"], bodies, strict=True):
        if name == "kinesis":
            record["kinesis"]["data"] = base64.b64encode(body.encode()).decode()
        else:
            record["body"] = body
    return event


def _ids(event: Event) -> list[str]:
    return [r.get("messageId") or r["kinesis"]["sequenceNumber"] for r in event["Records"]]


def _failures(answer: Any) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("name", ["sqs", "sqs_fifo", "kinesis"])
def test_answers_every_record(function: ModuleType, name: str) -> None:
    event = load(name)
    answer = function.handler(event, Context())
    assert (answer["batchItemFailures"], answer["answered"]) == ([], 3)
    assert [result["record_id"] for result in answer["results"]] == _ids(event)
    alone = function.handler(ROW, Context())
    assert rounded(answer["results"][0]) == rounded({"record_id": _ids(event)[0], **alone})
    assert len(answer["results"][1]["predictions"]) == 2


def test_a_message_never_holds_answers_to_the_others(
    open_handler: Callable[..., ModuleType], tmp_path: Path
) -> None:
    handler = open_handler(make_root(tmp_path / "root", *choosing("kept")))
    rows: list[list[Any]] = [[[1, 2]], [[-3, 4]], [[5, 6], [-7, 8]]]
    event = _with_bodies("sqs", *(json.dumps({"instances": some}) for some in rows))
    answer = handler.handler(event, Context())
    assert [result["outputs"] for result in answer["results"]] == [
        {"y": [[1, 2]]},
        {"y": []},
        {"y": [[5, 6]]},
    ]
    assert not any("predictions" in result for result in answer["results"])


def test_a_queue_gets_only_the_failed_messages_back(
    function: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    event = _with_bodies("sqs", "{", json.dumps(ROW), '{"features": [1, 2, "secret", 4]}')
    answer = function.handler(event, Context())
    first, second, third = _ids(event)
    assert _failures(answer) == [first, third]
    assert [result["record_id"] for result in answer["results"]] == [second]
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(line["record_id"], line["reason"]) for line in lines[:-1]] == [
        (first, "invalid_json"),
        (third, "invalid_input in features.petal length"),
    ]
    assert (lines[-1]["message"], lines[-1]["status"], lines[-1]["rows"]) == ("request", 207, 1)
    assert "secret" not in json.dumps(lines)


def test_a_fifo_queue_stops_at_its_first_failure(function: ModuleType) -> None:
    event = _with_bodies("sqs_fifo", json.dumps(ROW), "{", json.dumps(ROW))
    answer = function.handler(event, Context())
    assert _failures(answer) == _ids(event)[1:]
    assert [result["record_id"] for result in answer["results"]] == _ids(event)[:1]


def test_a_stream_goes_on_from_its_first_failure(function: ModuleType) -> None:
    event = _with_bodies("kinesis", json.dumps(ROW), "{", "[]")
    answer = function.handler(event, Context())
    assert _failures(answer) == _ids(event)[1:2]
    assert [result["record_id"] for result in answer["results"]] == _ids(event)[:1]


@pytest.mark.parametrize("name", ["sns", "eventbridge"])
def test_answers_events_that_nobody_waits_for(function: ModuleType, name: str) -> None:
    (result,) = function.handler(load(name), Context())["results"]
    assert result["predictions"] == ["setosa"]


def test_a_failure_that_nobody_waits_for_is_an_exception_that_names_the_record(function: ModuleType) -> None:
    event = load("eventbridge") | {"detail": {"features": [1]}}
    with pytest.raises(
        RecordsFailedError, match=r"^1 of 1 records failed: 6a7e8feb.*\(invalid_input in features\)$"
    ):
        function.handler(event, Context())


def test_results_that_cannot_be_returned_are_not_lost_in_silence(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("runtimes.aws_lambda.batch.ANSWER_BYTES", 100)
    answer = function.handler(load("sqs"), Context())
    assert answer["results"] is None and "set RESULTS_S3_URI" in answer["problem"]
    assert '"level":"ERROR"' in capfd.readouterr().out


@pytest.mark.parametrize("spare", [-60, -1, 0, 1])
def test_no_answer_is_larger_than_lambda_returns(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    """As large as Lambda's own client writes it, failures and all: else all of the event comes again."""
    event = _with_bodies("sqs", json.dumps({"instances": [ROW["features"]] * 20}), "{", json.dumps(ROW))
    whole = function.handler(event, Context())
    assert whole["results"] and whole["batchItemFailures"]
    limit = len(json.dumps(whole)) + spare
    monkeypatch.setattr("runtimes.aws_lambda.batch.ANSWER_BYTES", limit)
    answer = function.handler(event, Context())
    assert (answer["results"] is None) == (spare < 0)
    assert spare < 0 or len(json.dumps(answer)) <= limit
    assert _failures(answer) == _failures(whole)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """An S3 that answers over real HTTP, and the environment of a function that uses it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{address}:{port}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        for bucket in ("rows-in", "answers"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client
        client.close()
    for client in storage._clients:
        client.close()
    storage._clients.clear()
    server.stop()


@pytest.fixture
def keeping(s3: Any, root: Path, open_handler: Callable[..., ModuleType]) -> ModuleType:
    """A function that keeps its results in a bucket."""
    return open_handler(root, RESULTS_S3_URI="s3://answers/iris")


def test_an_object_that_eventbridge_tells_of_is_read(s3: Any, function: ModuleType) -> None:
    key = "new rows/ä b+c.json"  # not URL-encoded in such an event
    s3.put_object(Bucket="rows-in", Key=key, Body=json.dumps({"features": [5.1, 3.5, 1.4, 0.2]}))
    detail = {"version": "0", "bucket": {"name": "rows-in"}, "object": {"key": key, "size": 36}}
    event = load("eventbridge") | {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    (result,) = function.handler(event, Context())["results"]
    assert result["predictions"] == ["setosa"]


def _stored(s3: Any, key: str) -> Any:
    return json.loads(s3.get_object(Bucket="answers", Key=key)["Body"].read())


def test_an_object_holds_a_request(s3: Any, function: ModuleType) -> None:
    s3.put_object(Bucket="rows-in", Key="meter 1/märz+row.json", Body=json.dumps(ROW))
    (result,) = function.handler(load("s3"), Context())["results"]
    assert result["record_id"] == "rows-in/meter 1/märz+row.json"
    assert result["predictions"] == ["setosa"]


def test_an_object_that_is_not_there_is_a_failure_that_names_it(s3: Any, function: ModuleType) -> None:
    event = load("s3")
    event["Records"][0]["s3"]["object"]["key"] = "gone.json"
    with pytest.raises(RecordsFailedError, match=r"rows-in/gone.json \(get_object of s3://.*NoSuchKey"):
        function.handler(event, Context())


def test_an_object_over_the_limit_is_not_read(s3: Any, function: ModuleType) -> None:
    s3.put_object(Bucket="rows-in", Key="big.json", Body=b" " * 6_291_457)
    event = load("s3")
    event["Records"][0]["s3"]["object"]["key"] = "big.json"
    with pytest.raises(RecordsFailedError, match=r"rows-in/big.json \(too_large\)"):
        function.handler(event, Context())


def test_results_are_kept_by_record_id(s3: Any, keeping: ModuleType) -> None:
    event = load("sqs")
    answer = keeping.handler(event, Context())
    assert answer == {"batchItemFailures": [], "answered": 3, "results_s3_uri": "s3://answers/iris"}
    stored = [_stored(s3, f"iris/{identifier}.json") for identifier in _ids(event)]
    assert [len(result["predictions"]) for result in stored] == [1, 2, 1]
    assert stored[0]["record_id"] == _ids(event)[0]


@pytest.mark.parametrize("name", ["sqs", "sqs_fifo", "kinesis"])
def test_what_there_was_no_time_to_keep_comes_again(s3: Any, keeping: ModuleType, name: str) -> None:
    event = load(name)
    answer = keeping.handler(event, Context(remaining_ms=0))
    assert answer["answered"] == 0
    assert _failures(answer) == (_ids(event)[:1] if name == "kinesis" else _ids(event))
    again = keeping.handler(event, Context(remaining_ms=30_000))
    assert (again["answered"], again["batchItemFailures"]) == (3, [])
    with pytest.raises(RecordsFailedError, match="not reached"):
        keeping.handler(load("eventbridge"), Context(remaining_ms=0))


def test_a_result_that_cannot_be_kept_is_a_failed_record(
    s3: Any, root: Path, open_handler: Callable[..., ModuleType]
) -> None:
    function = open_handler(root, RESULTS_S3_URI="s3://no-such-bucket/")
    event = load("sqs")
    assert _failures(function.handler(event, Context())) == _ids(event)
    fifo = load("sqs_fifo")
    assert _failures(function.handler(fifo, Context())) == _ids(fifo)


def test_a_function_does_not_answer_its_own_results(s3: Any, keeping: ModuleType) -> None:
    event = load("s3")
    place = event["Records"][0]["s3"]
    place["bucket"]["name"], place["object"]["key"] = "answers", "iris/rows-in/a.json"
    assert keeping.handler(event, Context())["answered"] == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"secret": 1}, "invalid_input"),
        ({"instances": [{"secret": 1, "sepal length": 5.1}]}, "invalid_input in instances[0].sepal width"),
        ({"inputs": {"secret": [[1, 2, 3, 4]]}}, "invalid_input in inputs.X"),
        ({"inputs": {"X": {"secret": 1}}}, "invalid_input"),
        ({"inputs": {"X": {"data": [[1, 2, 3, "secret"]]}}}, "invalid_input in inputs.X.data[0][3]"),
        ({"instances": [{**dict.fromkeys(FEATURES, 1), "secret": 1}]}, "invalid_input"),
    ],
)
def test_a_failures_reason_holds_no_word_of_the_sender(
    function: ModuleType, capfd: pytest.CaptureFixture[str], body: object, reason: str
) -> None:
    event = load("eventbridge") | {"detail": body}
    with pytest.raises(RecordsFailedError) as raised:
        function.handler(event, Context())
    assert str(raised.value).endswith(f"({reason})")
    failed, _ = map(json.loads, capfd.readouterr().out.splitlines())
    assert failed["reason"] == reason


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"eventID": "1", "eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1"}}]},
        {"Records": [{"eventSource": "aws:ses", "ses": {}}]},
        {"eventSource": "aws:kafka", "records": {"topic-0": [{"value": "e30="}]}},
        {"eventSource": "SelfManagedKafka", "records": {}},
        {"eventSource": "aws:mq", "messages": [{"data": "e30="}]},
    ],
)
def test_records_of_a_service_that_is_not_read_are_not_taken_as_done(
    function: ModuleType, event: Event, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownSourceError, match=r"^records of \S+ are not taken; send them through SQS"):
        function.handler(event, Context())
    (line,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert (line["source"], line["status"]) == ("unknown", 400)
