"""S3 as a store: finding, reading and writing objects over a network that works."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from runtimes.batch.errors import JobError
from runtimes.batch.stores import store_of
from runtimes.batch.stores.s3 import S3
from runtimes.batch.work import InputFile
from tests.runtimes.batch.stores.buckets import QUICK, Bucket

LARGE = os.urandom(20 << 20)


def planned(store: S3, uri: str) -> InputFile:
    """The one file of a URI, as a plan has it."""
    (found,) = store.find(uri)
    return InputFile(found.uri, "parquet", "", found.size_bytes, found.version)


def publish(store: S3, uri: str, content: bytes) -> None:
    """Write a file and let it appear."""
    path = Path(store.folder(uri)) / "part"
    path.write_bytes(content)
    store.publish(str(path), uri, hashlib.sha256(content).hexdigest())
    assert not path.exists()


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("in/a.csv", ["in/a.csv"]),
        ("in", ["in/a.csv", "in/b.txt", "in/deep/c.csv"]),
        ("in/", ["in/a.csv", "in/b.txt", "in/deep/c.csv"]),
        ("in/*.csv", ["in/a.csv"]),
        ("in/**/*.csv", ["in/a.csv", "in/deep/c.csv"]),
        ("i*/deep", ["in/deep/c.csv"]),
        ("in/_later/*.csv", ["in/_later/e.csv"]),
        ("in[1].csv", ["in[1].csv"]),
        ("", ["in-2/d.csv", "in/a.csv", "in/b.txt", "in/deep/c.csv", "in[1].csv"]),
    ],
)
def test_finds_objects_by_key_prefix_and_glob(
    bucket: Bucket, store: S3, pattern: str, keys: list[str]
) -> None:
    for key in (
        "in/a.csv",
        "in/b.txt",
        "in/deep/c.csv",
        "in/_SUCCESS",
        "in/_later/e.csv",
        "in/.crc",
        "in/f/",
    ):
        bucket.put(key, key.encode())
    for key in ("in-2/d.csv", "in[1].csv"):
        bucket.put(key, key.encode())
    assert [one.uri for one in store.find(bucket.uri(pattern))] == [bucket.uri(key) for key in keys]


def test_lists_more_than_one_page(bucket: Bucket, store: S3) -> None:
    keys = [f"many/{number:04d}.csv" for number in range(1003)]
    for key in keys:  # past HTTP, which takes seconds
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket.name, key, b"x")
    assert [one.uri for one in store.find(bucket.uri("many"))] == [bucket.uri(key) for key in keys]
    assert store.sizes(bucket.uri("many")).keys() == {key.removeprefix("many/") for key in keys}
    assert bucket.faulty.count("GET", "continuation-token") == 2


def test_sizes_are_those_right_under_a_prefix(bucket: Bucket, store: S3) -> None:
    for key in ("done/1.json", "done/deep/2.json", "done-3.json"):
        bucket.put(key, b"{}")
    assert store.sizes(bucket.uri("done")) == {"1.json": 2}
    assert store.size(bucket.uri("done/1.json")) == 2 and store.size(bucket.uri("done/2.json")) is None
    assert store.sizes(bucket.uri("none")) == {}


def test_keys_may_have_any_characters(bucket: Bucket, store: S3) -> None:
    uri = bucket.put("in/größe 1+2=3 %41&?#.csv", b"a\n1\n")
    assert store.find(bucket.uri("in"))[0].uri == uri
    assert store.read(uri) == b"a\n1\n"
    with store.local(planned(store, uri.replace("?", "[?]")), ((0, 4),)) as path:
        assert Path(path).read_bytes() == b"a\n1\n"


def test_a_local_copy_holds_the_spans_and_takes_no_more_room(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    with store.local(file, ((3, 10), (9 << 20, 10 << 20))) as path:
        content = Path(path).read_bytes()
        room_bytes = Path(path).stat().st_blocks * 512
    assert len(content) == len(LARGE)
    assert content[3:13] == LARGE[3:13] and content[9 << 20 : 19 << 20] == LARGE[9 << 20 : 19 << 20]
    assert room_bytes < 11 << 20
    assert not Path(path).exists()
    assert store.traffic.bytes_read == (10 << 20) + 10


def test_a_local_copy_is_removed_when_its_reader_fails(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("a.bin", b"abc"))
    with pytest.raises(ValueError, match="no such row"), store.local(file, ((0, 3),)) as path:
        raise ValueError("no such row")
    assert not Path(path).exists()


def test_an_object_that_was_changed_is_refused(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("a.bin", b"abc"))
    opened = store.open(file)
    bucket.put("a.bin", b"abd")
    with pytest.raises(JobError, match=r"a\.bin was changed since the job was planned"):
        opened.read()
    with pytest.raises(JobError, match="changed since"), store.local(file, ((0, 3),)):
        pass
    with pytest.raises(JobError, match="changed since"), store.local(file, ()):
        pass


def test_an_object_that_was_removed_is_refused(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("a.bin", b"abc"))
    bucket.client.delete_object(Bucket=bucket.name, Key="a.bin")
    with pytest.raises(JobError, match=r"a\.bin is gone"), store.local(file, ((0, 3),)):
        pass


def test_an_empty_object_is_a_file(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("empty.csv", b""))
    assert store.open(file).read() == b""
    with store.local(file, ((0, 0),)) as path:
        assert Path(path).read_bytes() == b""


def test_a_footer_is_read_by_few_requests(bucket: Bucket, store: S3) -> None:
    held = io.BytesIO()
    table = pa.table({f"c{number}": pa.array(range(1000)) for number in range(200)})
    pyarrow.parquet.write_table(table, held, row_group_size=100)
    file = planned(store, bucket.put("a.parquet", held.getvalue()))
    assert pyarrow.parquet.ParquetFile(store.open(file)).metadata.num_rows == 1000
    assert bucket.faulty.count("GET", "a.parquet") <= 2


def test_reads_anywhere_in_an_object(bucket: Bucket, store: S3) -> None:
    opened = store.open(planned(store, bucket.put("large.bin", LARGE)))
    assert opened.size() == len(LARGE)
    for start, count in ((0, 4), (5 << 20, 3 << 20), (len(LARGE) - 8, 100), (7, 1), (len(LARGE), 5)):
        opened.seek(start)
        assert opened.read(count) == LARGE[start : start + count]
    assert opened.read_at(6, 100) == LARGE[100:106]


def test_what_is_published_is_whole_and_says_its_digest(bucket: Bucket, store: S3) -> None:
    publish(store, bucket.uri("out/part"), LARGE)
    assert bucket.content("out/part") == LARGE
    head = bucket.client.head_object(Bucket=bucket.name, Key="out/part")
    assert head["Metadata"]["sha256"] == hashlib.sha256(LARGE).hexdigest()
    assert store.traffic.bytes_written == len(LARGE)


def test_the_same_content_is_not_written_over_itself(bucket: Bucket, store: S3) -> None:
    publish(store, bucket.uri("part"), b"one")
    before = bucket.client.head_object(Bucket=bucket.name, Key="part")["LastModified"]
    bucket.faulty.clear()
    publish(store, bucket.uri("part"), b"one")
    assert bucket.client.head_object(Bucket=bucket.name, Key="part")["LastModified"] == before
    assert [one.method for one in bucket.faulty.seen] == ["PUT", "HEAD"]


def test_another_content_is_replaced(bucket: Bucket, store: S3) -> None:
    bucket.put("part", b"of another program")
    publish(store, bucket.uri("part"), b"two")
    assert bucket.content("part") == b"two"
    writes = [one.headers for one in bucket.faulty.seen if one.method == "PUT"]
    assert ["If-None-Match" in writes[0], "If-Match" in writes[1]] == [True, True]


def test_of_many_creators_one_wins(bucket: Bucket) -> None:
    stores = [S3(bucket.url, None, QUICK) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(
            pool.map(lambda one: one[1].create(bucket.uri("m"), str(one[0]).encode()), enumerate(stores))
        )
    assert sum(won) == 1
    assert bucket.content("m") == str(won.index(True)).encode()
    for store in stores:
        store.close()


def test_what_is_there_stays_when_it_is_created_again(bucket: Bucket, store: S3) -> None:
    assert store.create(bucket.uri("m"), b"one")
    assert not store.create(bucket.uri("m"), b"one")
    assert not store.create(bucket.uri("m"), b"two")
    assert store.read(bucket.uri("m")) == b"one"
    assert store.read(bucket.uri("n")) is None


def test_the_endpoint_may_stand_in_the_environment(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.url)
    store = store_of(bucket.put("a.csv", b"a"))
    assert store.read(bucket.uri("a.csv")) == b"a"
    assert bucket.faulty.count("GET", f"/{bucket.name}/a.csv") == 1
    store.close()


def test_the_region_may_stand_in_aws_region_alone(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    store = S3(bucket.url, None, QUICK)
    store.find(bucket.put("a.csv", b"a"))
    assert "/eu-north-1/s3/" in bucket.faulty.seen[0].headers["Authorization"]
    store.close()


def test_no_folder_for_scratch_is_refused(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/sys/none"])
    with pytest.raises(JobError, match="there is no folder for what is under way") as refused:
        S3(bucket.url, None, QUICK)
    assert "TMPDIR" in refused.value.hint


def test_an_empty_file_is_published(bucket: Bucket, store: S3) -> None:
    publish(store, bucket.uri("part"), b"")
    assert bucket.content("part") == b""


def test_many_threads_share_a_store(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    spans = [(number << 20, 1 << 20) for number in range(16)]

    def copied(span: tuple[int, int]) -> bool:
        with store.local(file, (span,)) as path, Path(path).open("rb") as copy:
            copy.seek(span[0])
            return copy.read(span[1]) == LARGE[span[0] : sum(span)]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(copied, spans))
    assert store.traffic.bytes_read == 16 << 20


def test_scratch_of_dead_processes_is_swept(
    store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    script = (
        "import os, runtimes.batch.stores.s3 as s3; store = s3.S3()\n"
        "open(store.folder('') + '/left', 'w').write('x'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    (left,) = tmp_path.glob("packager-batch-*/left")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living = S3("", threading.Event(), QUICK)
    kept = living.folder("")
    S3("", None, QUICK).sweep("s3://any")
    assert not left.exists() and Path(kept).is_dir()
    living.close()
    assert list(tmp_path.iterdir()) == []
