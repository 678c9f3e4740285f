"""The pipeline of one process: bounded, ordered, and over at once when one of its threads fails."""

import threading
import time
from pathlib import Path

import pytest

from runtimes.batch import options
from runtimes.batch.engines import threads, worker
from runtimes.batch.errors import InterruptedJobError, JobError
from runtimes.batch.ledger import Done
from runtimes.batch.opened import Opened
from runtimes.batch.plan import name_plan
from runtimes.batch.planning import make_plan
from runtimes.batch.stores import Stores
from tests.runtimes.batch import jobs

SHARDS = 12


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return jobs.mixed_root(tmp_path_factory.mktemp("pipeline") / "job")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of twelve shards."""
    return jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(100 * SHARDS), 100)


def opened(root: Path, source: Path, output: Path) -> Opened:
    """A job that is ready to run; its plan lies in the output."""
    asked = options.read(["--input", str(source), "--output", str(output), "--shard-rows", "100"])
    stores = Stores()
    planned, data = name_plan(make_plan(asked, stores, str(root)))
    found = Opened(planned, str(root), stores)
    found.ledger.claim(data)
    return found


def run(job: Opened, count: int = 2, finished: list[Done] | None = None) -> list[Done]:
    """All shards with so many threads."""
    found: list[Done] = [] if finished is None else finished
    threads.run_shards(job, range(SHARDS), count, found.append, lambda rows: None)
    return found


def test_any_number_of_threads_gives_the_same_bytes(root: Path, source: Path, tmp_path: Path) -> None:
    trees = []
    for count in (1, 2, 5):
        output = tmp_path / f"out{count}"
        assert {done.shard for done in run(opened(root, source, output), count)} == set(range(SHARDS))
        trees.append({path.name: path.read_bytes() for path in jobs.parts(output)})
    assert trees[0] == trees[1] == trees[2]


def test_rows_are_told_as_they_are_written(root: Path, source: Path, tmp_path: Path) -> None:
    told: list[int] = []
    job = opened(root, source, tmp_path / "out")
    threads.run_shards(job, range(3), 2, lambda done: None, told.append)
    assert told == [100, 100, 100]


def test_no_thread_is_left_when_all_is_done(root: Path, source: Path, tmp_path: Path) -> None:
    before = threading.active_count()
    run(opened(root, source, tmp_path / "out"))
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_what_another_process_did_meanwhile_is_not_done_again(
    root: Path, source: Path, tmp_path: Path
) -> None:
    first, again = run(opened(root, source, tmp_path / "out")), opened(root, source, tmp_path / "out")
    assert sorted(run(again), key=lambda done: done.shard) == sorted(first, key=lambda done: done.shard)
    assert again.stores.traffic()["bytes_read"] == 0


def test_what_was_done_and_is_gone_is_done_again(root: Path, source: Path, tmp_path: Path) -> None:
    first, again = run(opened(root, source, tmp_path / "out")), opened(root, source, tmp_path / "out")
    part = tmp_path / "out" / first[3].part
    before = part.read_bytes()
    part.unlink()
    assert sorted(run(again), key=lambda done: done.shard) == sorted(first, key=lambda done: done.shard)
    assert part.read_bytes() == before


def test_the_first_failure_ends_all_threads(root: Path, source: Path, tmp_path: Path) -> None:
    job = opened(root, source, tmp_path / "out")
    source.write_bytes(b"something else")
    with pytest.raises(JobError, match="was changed since the job was planned"):
        run(job)


def test_whoever_counts_the_shards_can_end_the_job(root: Path, source: Path, tmp_path: Path) -> None:
    def finished(done: Done) -> None:
        raise JobError(f"enough after {done.rows_in} rows")

    with pytest.raises(JobError, match="enough after 100 rows"):
        threads.run_shards(
            opened(root, source, tmp_path / "out"), range(SHARDS), 2, finished, lambda rows: None
        )
    assert len(jobs.parts(tmp_path / "out")) < SHARDS


def test_an_interruption_is_looked_for_while_nothing_finishes(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(150_000))
    job = opened(root, source, tmp_path / "out")

    def check() -> None:
        raise InterruptedJobError("stop")

    with pytest.raises(InterruptedJobError):
        while True:  # a quick machine may be done within the second after which it is asked
            shards = range(len(job.planned.plan.shards))
            threads.run_shards(job, shards, 1, lambda done: check(), lambda rows: None, check)


def test_a_worker_does_one_shard_of_a_plan_in_any_process(root: Path, source: Path, tmp_path: Path) -> None:
    job = opened(root, source, tmp_path / "out")
    job.stores.close()
    alone = run(opened(root, source, tmp_path / "alone"))
    for index in (5, 2, 5):
        done = worker.run_shard(worker.Task(job.planned.uri, "", str(root), index))
        (expected,) = (one for one in alone if one.shard == index)
        assert (done.rows_in, done.sha256) == (expected.rows_in, expected.sha256)
    assert len(jobs.parts(tmp_path / "out")) == 2
    assert not list((tmp_path / "out").rglob("tmp/*"))


def test_a_worker_without_its_plan_says_so(root: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="there is no plan"):
        worker.run_shard(worker.Task(str(tmp_path / "plan-1.json"), "", str(root), 0))
