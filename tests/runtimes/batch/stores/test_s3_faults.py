"""S3 over a network that fails: tried again or refused with a sentence; nothing half-written ever shows."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtimes.batch.errors import InterruptedJobError, JobError, TryAgainError
from runtimes.batch.stores.patience import Patience, patience_of_environment
from runtimes.batch.stores.s3 import S3
from tests.runtimes.batch.stores.buckets import QUICK, Bucket
from tests.runtimes.batch.stores.faulty import Answer, Cut, Fault, Lose, Reset, Slow, Stall
from tests.runtimes.batch.stores.test_s3 import LARGE, planned, publish

IMPATIENT = Patience(budget_s=0.1, answer_s=30.0, first_wait_s=0.01, longest_wait_s=0.05)
SLOW_DOWN = Answer(503, "SlowDown", "Please reduce your request rate.")
PASSING: dict[str, Fault] = {
    "500": Answer(500, "InternalError"),
    "502 of a proxy": Answer(502, body=b"<html>Bad Gateway</html>"),
    "503": SLOW_DOWN,
    "504 without a body": Answer(504, body=b""),
    "a clipped document": Answer(500, body=b"<Error><Code>Inter"),
    "a slow request": Answer(400, "RequestTimeout"),
    "throttled": Answer(429, "TooManyRequests"),
    "reset": Reset(),
}
CALLS: list[tuple[str, Callable[[S3, Bucket], object]]] = [
    ("GET", lambda store, bucket: store.find(bucket.uri("in/"))),
    ("GET", lambda store, bucket: store.read(bucket.uri("in/a.bin"))),
    ("GET", lambda store, bucket: store.sizes(bucket.uri("in"))),
    ("PUT", lambda store, bucket: store.create(bucket.uri("marker"), b"{}")),
    ("PUT", lambda store, bucket: publish(store, bucket.uri("part"), b"whole")),
]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_passing_failures_are_tried_again(bucket: Bucket, store: S3, fault: Fault) -> None:
    bucket.put("in/a.bin", b"abc")
    for number, (method, run) in enumerate(CALLS, 1):
        bucket.faulty.inject(fault, method=method, times=2)
        run(store, bucket)
        assert store.traffic.retries == 2 * number
    assert bucket.all_keys() == ["in/a.bin", "marker", "part"]
    assert [bucket.content("marker"), bucket.content("part")] == [b"{}", b"whole"]


def test_a_store_that_falls_silent_is_asked_again(bucket: Bucket) -> None:
    bucket.put("in/a.bin", b"abc")
    store = S3(bucket.url, None, Patience(budget_s=60.0, answer_s=0.5, first_wait_s=0.01))
    for method, run in CALLS[1:4]:
        bucket.faulty.inject(Stall(), method=method)
        run(store, bucket)
    assert store.traffic.retries >= 3
    assert bucket.content("marker") == b"{}"
    store.close()


def test_answers_that_break_off_are_asked_for_again(bucket: Bucket, store: S3) -> None:
    bucket.put("in/a.bin", b"abc")
    bucket.faulty.inject(Cut(1), method="GET", times=2)
    assert store.read(bucket.uri("in/a.bin")) == b"abc"
    bucket.faulty.inject(Cut(100), method="GET", times=2)
    assert len(store.find(bucket.uri("in/"))) == 1
    assert store.traffic.retries == 4


def test_a_store_that_is_not_there_is_another_tries_matter(bucket: Bucket) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        store = S3(
            f"http://127.0.0.1:{unused.getsockname()[1]}", None, Patience(60.0, 30.0, 0.01, 0.02, 0.05)
        )
        with pytest.raises(TryAgainError, match=r"the store failed at .* given up after \d+ tries") as failed:
            store.find(bucket.uri("in/"))
    assert failed.value.exit_code == 1
    store.close()


@pytest.mark.parametrize("fault", [SLOW_DOWN, Reset(), Cut(0)], ids=["slow down", "reset", "cut"])
def test_patience_ends(bucket: Bucket, fault: Fault) -> None:
    bucket.put("a.csv", b"abc")
    store = S3(bucket.url, None, IMPATIENT)
    bucket.faulty.inject(fault, times=None)
    began = time.monotonic()
    with pytest.raises(TryAgainError, match="given up after"):
        store.read(bucket.uri("a.csv"))
    assert time.monotonic() - began < 5 and store.traffic.retries >= 2
    store.close()


def test_a_download_goes_on_where_it_was_cut(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    bucket.faulty.inject(Cut(after_bytes=3 << 20), method="GET", contains="large.bin", times=3)
    with store.local(file, ((0, len(LARGE)),)) as path:
        assert Path(path).read_bytes() == LARGE
    spans = [one.headers["Range"] for one in bucket.faulty.seen if "Range" in one.headers]
    assert len(spans) == 6 and f"bytes={3 << 20}-{(8 << 20) - 1}" in spans
    assert store.traffic.bytes_read == len(LARGE)


def test_a_connection_that_is_cut_time_and_again_still_gets_there(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    bucket.faulty.inject(Cut(after_bytes=600_000), method="GET", contains="large.bin", times=None)
    with store.local(file, ((0, 6 << 20),)) as path:
        assert Path(path).read_bytes()[: 6 << 20] == LARGE[: 6 << 20]


def test_an_object_that_is_changed_while_it_is_read_is_refused(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    bucket.faulty.inject(Cut(after_bytes=1 << 20), method="GET", contains="large.bin")
    pieces = store.local(file, ((0, 4 << 20),))
    original = store._calls._judge  # the moment between the cut and the next try

    def change_then_judge(*said: object) -> None:
        bucket.put("large.bin", LARGE[::-1])
        original(*said)  # type: ignore[arg-type]

    store._calls._judge = change_then_judge  # type: ignore[method-assign,assignment]
    with pytest.raises(JobError, match="changed since the job was planned"), pieces:
        pass


def test_a_slow_store_is_waited_for(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    bucket.faulty.inject(Slow(piece_bytes=1 << 18, pause_s=0.02), times=None)
    with store.local(file, ((0, len(LARGE)),)) as path:
        assert Path(path).read_bytes() == LARGE
    assert store.traffic.retries == 0


def test_a_write_whose_answer_is_lost_counts_as_done(bucket: Bucket, store: S3) -> None:
    bucket.faulty.inject(Lose(), method="PUT", contains="marker")
    assert store.create(bucket.uri("marker"), b"{}") is True
    bucket.faulty.inject(Lose(), method="PUT", contains="part")
    publish(store, bucket.uri("part"), b"whole")
    assert bucket.content("part") == b"whole"
    assert bucket.faulty.count("PUT", "part") == 2


def test_a_lost_answer_does_not_make_anothers_file_ones_own(bucket: Bucket, store: S3) -> None:
    store.create(bucket.uri("marker"), b"{}")
    bucket.faulty.inject(Lose(), method="PUT", contains="marker")
    other = S3(bucket.url, None, QUICK)
    assert other.create(bucket.uri("marker"), b"{}") is False
    other.close()


def test_a_write_that_is_cut_on_its_way_leaves_nothing(bucket: Bucket) -> None:
    bucket.faulty.inject(Reset(), method="PUT", times=None)
    store = S3(bucket.url, None, IMPATIENT)
    path = Path(store.folder("")) / "part"
    path.write_bytes(LARGE)
    with pytest.raises(TryAgainError, match=r"the store failed at writing s3://"):
        store.publish(str(path), bucket.uri("part"), hashlib.sha256(LARGE).hexdigest())
    assert bucket.all_keys() == [] and path.read_bytes() == LARGE
    store.close()


def test_a_conflict_that_leaves_nothing_is_written_again(bucket: Bucket, store: S3) -> None:
    conflict = Answer(409, "ConditionalRequestConflict")
    bucket.faulty.inject(conflict, method="PUT", contains="marker", times=2)
    assert store.create(bucket.uri("marker"), b"{}") is True
    bucket.faulty.inject(conflict, method="PUT", contains="part", times=2)
    publish(store, bucket.uri("part"), b"whole")
    assert bucket.content("part") == b"whole"


def test_a_conflict_with_a_finished_write_is_anothers(bucket: Bucket, store: S3) -> None:
    bucket.put("marker", b"{}")
    bucket.faulty.inject(Answer(409, "ConditionalRequestConflict"), method="PUT", contains="marker")
    assert store.create(bucket.uri("marker"), b"{}") is False


def test_another_writer_in_between_is_replaced_in_the_end(bucket: Bucket, store: S3) -> None:
    bucket.put("part", b"of another")
    refused = Answer(412, "PreconditionFailed")
    bucket.faulty.inject(refused, method="PUT", contains="part", times=3)
    publish(store, bucket.uri("part"), b"ours")
    assert bucket.content("part") == b"ours"


def test_a_signal_ends_the_wait_between_tries(bucket: Bucket, stopping: threading.Event) -> None:
    store = S3(bucket.url, stopping, Patience(60.0, 30.0, 30.0, 30.0))
    bucket.faulty.inject(SLOW_DOWN, times=None)
    timer = threading.Timer(0.2, stopping.set)
    timer.start()
    with pytest.raises(InterruptedJobError) as interrupted:
        store.read(bucket.uri("a.csv"))
    assert interrupted.value.exit_code == 75
    timer.join()
    store.close()


def test_a_signal_ends_a_download(bucket: Bucket, store: S3, stopping: threading.Event) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    bucket.faulty.inject(Slow(piece_bytes=1 << 16, pause_s=0.05), times=None)
    timer = threading.Timer(0.2, stopping.set)
    timer.start()
    with pytest.raises(InterruptedJobError), store.local(file, ((0, len(LARGE)),)):
        pass
    assert store.traffic.bytes_read < len(LARGE)
    assert [one.name for one in Path(store.folder("")).iterdir()] == [".lock"]
    timer.join()


def test_what_is_written_when_a_signal_came_is_written(
    bucket: Bucket, store: S3, stopping: threading.Event
) -> None:
    stopping.set()
    publish(store, bucket.uri("part"), b"whole")
    assert store.create(bucket.uri("marker"), b"{}")
    assert bucket.all_keys() == ["marker", "part"]


def test_patience_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGER_S3_RETRY_S", "7.5")
    monkeypatch.setenv("PACKAGER_S3_TIMEOUT_S", "3")
    assert (patience_of_environment().budget_s, patience_of_environment().answer_s) == (7.5, 3.0)
    for text in ("soon", "-1", "nan", "inf"):
        monkeypatch.setenv("PACKAGER_S3_RETRY_S", text)
        with pytest.raises(JobError, match=f"PACKAGER_S3_RETRY_S is '{text}'"):
            patience_of_environment()


def test_no_room_for_a_download_is_another_tries_matter(
    bucket: Bucket, store: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    real = os.pwrite

    def write_to_full_disk(_descriptor: int, data: bytes, place: int) -> int:
        descriptor = os.open("/dev/full", os.O_WRONLY)
        try:
            return real(descriptor, data, place)
        finally:
            os.close(descriptor)

    monkeypatch.setattr(os, "pwrite", write_to_full_disk)
    with pytest.raises(TryAgainError, match=r"no room for .*No space left") as failed:
        store.local(file, ((0, 9),)).__enter__()
    assert "TMPDIR" in failed.value.hint and [one.name for one in Path(store.folder("")).iterdir()] == [
        ".lock"
    ]
