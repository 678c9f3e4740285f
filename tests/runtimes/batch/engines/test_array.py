"""The children of an array job: who has which shards, and two of four that are ended in the middle."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtimes.batch.engines import array
from runtimes.batch.errors import JobError
from tests.runtimes.batch import jobs
from tests.runtimes.batch.stores.buckets import ENVIRONMENT, Bucket, moto_server, new_bucket

CHILDREN, SHARDS, ROWS = 4, 48, 30
PATIENCE_S = 60


def child(index: int, attempt: int = 1) -> dict[str, str]:
    """What AWS Batch tells a child of an array."""
    return {
        "AWS_BATCH_JOB_ID": f"0f6b0c1e:{index}",
        "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
        "AWS_BATCH_JOB_ARRAY_SIZE": str(CHILDREN),
        "AWS_BATCH_JOB_ATTEMPT": str(attempt),
    }


@given(count=st.integers(1, 300), size=st.integers(2, 50))
def test_every_shard_has_exactly_one_child(count: int, size: int) -> None:
    environments = [{"AWS_BATCH_JOB_ARRAY_INDEX": str(index)} for index in range(size)]
    found = [array.chosen(count, "", size, environment) for environment in environments]
    assert sorted(shard for shards in found for shard in shards) == list(range(count))
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_a_process_outside_of_an_array_has_all_shards() -> None:
    assert array.chosen(3, environment={}) == (0, 1, 2)
    assert array.chosen(9, "7,2-4,3", environment={}) == (2, 3, 4, 7)


def test_the_children_share_the_shards_that_are_named() -> None:
    assert array.chosen(9, "1-2,5,8", None, child(1)) == (2,)
    assert array.chosen(9, "1-2,5,8", 2, child(1)) == (2, 8)


def test_more_children_than_shards_leave_some_without_work() -> None:
    assert array.chosen(2, environment=child(3)) == ()


@pytest.mark.parametrize("shards", ["", "x", "3-", "-3", "1,,2", "4-2", "9", "0-9", "²"])
def test_refuses_shards_that_the_plan_has_not(shards: str) -> None:
    with pytest.raises(JobError, match=r"--shards has "):
        array.chosen(9, shards or ",", environment={})


def test_refuses_an_array_of_unknown_size() -> None:
    with pytest.raises(JobError, match="nothing says how many there are"):
        array.chosen(9, environment={"AWS_BATCH_JOB_ARRAY_INDEX": "0"})
    with pytest.raises(JobError, match="child 3 of an array job, and the array has 2"):
        array.chosen(9, "", 2, child(3))
    with pytest.raises(JobError, match="AWS_BATCH_JOB_ARRAY_INDEX is 'one', which is no number"):
        array.chosen(9, "", 2, {"AWS_BATCH_JOB_ARRAY_INDEX": "one"})


@dataclass(frozen=True)
class Place:
    """A job's input and output on a shared disk or on S3, and how a test looks into the output."""

    source: str
    output: str
    options: tuple[str, ...]
    environment: dict[str, str]
    names: Callable[[], list[str]]
    tree: Callable[[], dict[str, bytes]]
    clear: Callable[[], None]

    def done(self) -> Counter[int]:
        """How many shards of each child are done."""
        done = [name.rpartition("/")[2] for name in self.names() if "_packager/done/" in name]
        return Counter(int(name.partition("-")[0]) % CHILDREN for name in done)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.mixed_root(tmp_path_factory.mktemp("array") / "job")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of which some cannot be answered."""
    table = jobs.mixed_rows(SHARDS * ROWS)
    position = table.column_names.index("rooms")
    bad = pc.equal(pc.bit_wise_and(table["id"], 255), 7)
    rooms = pc.if_else(bad, pa.scalar(None, pa.int64()), table["rooms"])
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    return jobs.write_rows(path, table.set_column(position, "rooms", rooms), ROWS)


@pytest.fixture(params=["a shared folder", "S3"])
def place(request: pytest.FixtureRequest, rows: Path, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "S3":
            yield _on_s3(stack.enter_context(new_bucket(stack.enter_context(moto_server()))), rows, tmp_path)
        else:
            yield _on_disk(rows, tmp_path / "out")


def _on_disk(rows: Path, output: Path) -> Place:
    def clear() -> None:
        output.rename(output.with_name("cleared"))

    def names() -> list[str]:
        return [path.as_posix() for path in output.glob("_packager/done/*.json")]

    return Place(str(rows), str(output), (), {}, names, lambda: jobs.tree(output), clear)


def _on_s3(bucket: Bucket, rows: Path, scratch: Path) -> Place:
    def names() -> list[str]:
        every = bucket.all_keys()
        return [key for key in every if key.startswith("out/")]

    def tree() -> dict[str, bytes]:
        return {name.removeprefix("out/"): bucket.content(name) for name in names()}

    def clear() -> None:
        for name in names():
            bucket.client.delete_object(Bucket=bucket.name, Key=name)

    source = bucket.put("in/rows.parquet", rows.read_bytes())
    environment = {**ENVIRONMENT, "TMPDIR": str(scratch)}
    return Place(source, bucket.uri("out"), ("--endpoint-url", bucket.url), environment, names, tree, clear)


def test_two_of_four_children_are_ended_and_their_second_attempts_finish(root: Path, place: Place) -> None:
    """The output is that of one undisturbed process, byte for byte, dead letters and manifest with it."""
    planning = ("--input", place.source, "--output", place.output, "--shard-rows", ROWS, *place.options)
    alone = jobs.run(root, *planning, **place.environment)
    assert alone.code == 0, alone.err
    expected = place.tree()
    assert alone.metrics["dead_letters"] > 0
    place.clear()
    assert place.names() == []

    planned = jobs.run(root, "plan", *planning, **place.environment)
    assert (planned.code, planned.metrics["shards"]) == (0, SHARDS)
    asked = ("run", "--plan", planned.metrics["plan"], "--threads", 1, "--progress", "json", *place.options)
    children = [jobs.start(root, *asked, **place.environment, **child(index)) for index in range(CHILDREN)]
    _end_in_the_middle(place, children, {2: signal.SIGKILL, 3: signal.SIGTERM})
    for process in children[2:]:
        process.communicate(timeout=PATIENCE_S)
    assert [process.returncode for process in children[2:]] == [-signal.SIGKILL, 75]
    for index in (0, 1):
        said, told = children[index].communicate(timeout=PATIENCE_S)
        assert children[index].returncode == 0, told
        assert f'"job_id": "0f6b0c1e:{index}"' in told and '"attempt": "1"' in told
        assert said
    assert "_packager/manifest.json" not in place.tree()
    assert all(0 < place.done()[index] < SHARDS // CHILDREN for index in (2, 3))

    for index in (2, 3):
        again = jobs.run(root, *asked, **place.environment, **child(index, attempt=2))
        assert again.code == 0, again.err
        assert '"attempt": "2"' in again.err
    assert place.tree() == expected


def _end_in_the_middle(
    place: Place, children: list["subprocess.Popen[str]"], signals: dict[int, signal.Signals]
) -> None:
    """End each of these children when it has done some of its shards; none has done all of them by then."""
    deadline, waiting = time.monotonic() + PATIENCE_S, dict(signals)
    while waiting:
        assert time.monotonic() < deadline
        done = place.done()
        for index in [index for index in waiting if done[index]]:
            children[index].send_signal(waiting.pop(index))
        time.sleep(0.005)
