"""A whole job over a network that fails: it gets there with the same bytes, or says why it does not. Whoever
looks at the output meanwhile sees finished files alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.runtimes.batch import jobs
from tests.runtimes.batch.stores.buckets import ENVIRONMENT, Bucket, moto_server, new_bucket
from tests.runtimes.batch.stores.faulty import Answer, Cut, Fault, Lose, Reset, Slow, Stall

ROWS_OF_A_SHARD = 100
QUIET = ("--shard-rows", str(ROWS_OF_A_SHARD), "--progress", "none")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return jobs.mixed_root(tmp_path_factory.mktemp("network") / "job")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six shards of rows."""
    rows = jobs.mixed_rows(6 * ROWS_OF_A_SHARD)
    return jobs.write_rows(tmp_path_factory.mktemp("rows") / "rows.parquet", rows, ROWS_OF_A_SHARD)


@pytest.fixture(scope="module")
def one_bucket() -> Iterator[Bucket]:
    """The plan, which is part of the output, names the bucket: all tests have the same."""
    with moto_server() as url, new_bucket(url) as made:
        yield made


@pytest.fixture(scope="module")
def expected(root: Path, one_bucket: Bucket, source: Path) -> dict[str, bytes]:
    """The output of a job that nothing disturbs."""
    one_bucket.put("in/rows.parquet", source.read_bytes())
    ran = run(root, one_bucket)
    assert ran.code == 0, ran.err
    return output(one_bucket)


@pytest.fixture
def bucket(one_bucket: Bucket, expected: dict[str, bytes], source: Path) -> Bucket:
    """With the rows in it, no output, and a network that works."""
    for key in output(one_bucket):
        one_bucket.client.delete_object(Bucket=one_bucket.name, Key=key)
    one_bucket.put("in/rows.parquet", source.read_bytes())
    one_bucket.faulty.clear()
    return one_bucket


def run(root: Path, bucket: Bucket, *more: str, **environment: str) -> jobs.Ran:
    """The job, through the network."""
    asked = ("--input", bucket.uri("in"), "--output", bucket.uri("out"), "--endpoint-url", bucket.url)
    return jobs.run(root, *asked, *QUIET, *more, **{**ENVIRONMENT, **environment})


def output(bucket: Bucket) -> dict[str, bytes]:
    """All that lies in the output."""
    return {key: bucket.content(key) for key in bucket.all_keys() if key.startswith("out/")}


@contextmanager
def watched(bucket: Bucket, expected: dict[str, bytes]) -> Iterator[None]:
    """Somebody looks at the output all the time, and sees no other content than the finished one."""
    wrong: list[str] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            wrong.extend(key for key, content in output(bucket).items() if expected.get(key) != content)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    assert wrong == []


def test_a_stormy_network_changes_no_byte(root: Path, bucket: Bucket, expected: dict[str, bytes]) -> None:
    storm: list[tuple[Fault, str, int]] = [
        (Lose(), "PUT", 3),
        (Cut(after_bytes=700), "GET", 4),
        (Answer(503, "SlowDown"), "", 6),
        (Reset(), "", 7),
        (Answer(500, "InternalError"), "PUT", 5),
        (Slow(piece_bytes=1000, pause_s=0.01), "GET", 5),
    ]
    for fault, method, every in storm:
        bucket.faulty.inject(fault, method=method, times=None, every=every)
    with watched(bucket, expected):
        ran = run(root, bucket)
    assert ran.code == 0, ran.err
    assert output(bucket) == expected
    assert ran.metrics["retries"] > 10 and ran.metrics["rows_out"] == 6 * ROWS_OF_A_SHARD


@pytest.mark.parametrize(
    ("fault", "asked", "code", "sentence"),
    [
        (Answer(500, "InternalError"), "PUT part-00003", 1, "the store failed at writing s3://"),
        (Reset(), "PUT part-00003", 1, "given up after"),
        (Stall(), "PUT done/00002", 1, "Read timeout"),
        (Answer(403, "AccessDenied", "Access Denied"), "PUT part-00003", 2, "is denied: Access Denied"),
    ],
    ids=["500", "reset", "silent", "denied"],
)
def test_a_network_that_stays_bad_ends_the_job_with_a_sentence_and_another_try_goes_on(
    root: Path,
    bucket: Bucket,
    expected: dict[str, bytes],
    fault: Fault,
    asked: str,
    code: int,
    sentence: str,
) -> None:
    method, contains = asked.split()
    bucket.faulty.inject(fault, method=method, contains=contains, times=None)
    with watched(bucket, expected):
        patience_s = "3" if isinstance(fault, Stall) else "60"
        ran = run(root, bucket, PACKAGER_S3_RETRY_S="0.5", PACKAGER_S3_TIMEOUT_S=patience_s)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert sentence in ran.err and "hint: " in ran.err and "Traceback" not in ran.err
    bucket.faulty.clear()
    again = run(root, bucket)
    assert again.code == 0, again.err
    assert output(bucket) == expected


def test_a_bucket_that_does_not_exist_is_refused_before_the_first_row(root: Path, bucket: Bucket) -> None:
    for asked in (
        ("--input", "s3://no-such-bucket-here/in", "--output", bucket.uri("out")),
        ("--input", bucket.uri("in"), "--output", "s3://no-such-bucket-here/out"),
    ):
        ran = jobs.run(root, *asked, "--endpoint-url", bucket.url, *QUIET, **ENVIRONMENT)
        assert (ran.code, ran.out) == (2, "")
        assert "there is no bucket no-such-bucket-here" in ran.err
    assert output(bucket) == {}


def test_an_input_that_is_changed_meanwhile_is_refused(root: Path, bucket: Bucket, source: Path) -> None:
    network = ("--endpoint-url", bucket.url)
    asked = ("--input", bucket.uri("in"), "--output", bucket.uri("out"), *network, *QUIET[:2])
    planned = jobs.run(root, "plan", *asked, **ENVIRONMENT)
    assert planned.code == 0, planned.err
    bucket.put("in/rows.parquet", source.read_bytes() + b"more")
    ran = jobs.run(root, "run", "--plan", planned.metrics["plan"], *network, *QUIET[2:], **ENVIRONMENT)
    assert ran.code == 2 and "rows.parquet was changed since the job was planned" in ran.err
    assert [key for key in output(bucket) if "part-" in key] == []
