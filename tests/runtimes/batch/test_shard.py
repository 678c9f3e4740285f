"""The output of a shard: its rows in order, its dead letters among them, all or nothing."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch import options
from runtimes.batch.errors import JobError
from runtimes.batch.opened import Opened, Way
from runtimes.batch.plan import name_plan
from runtimes.batch.planning import make_plan
from runtimes.batch.shard import ShardOutput
from runtimes.batch.stores import Stores
from runtimes.batch.work import Block, DeadLetter, Place, Predicted, Refused
from tests.runtimes.batch import jobs


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A job over one file of ten rows."""
    folder = tmp_path_factory.mktemp("shard")
    root = jobs.mixed_root(folder / "job")
    source = jobs.write_rows(folder / "a.parquet", jobs.mixed_rows(10))
    stores = Stores()
    asked = options.read(["--input", str(source), "--output", str(folder / "out")])
    return Opened(name_plan(make_plan(asked, stores, str(root)))[0], str(root), stores)


@pytest.fixture
def output(opened: Opened) -> ShardOutput:
    """The output of its one shard."""
    shard = opened.planned.plan.shards[0]
    return ShardOutput(opened, shard, opened.way(shard))


def batch_of(opened: Opened, rows: int) -> pa.RecordBatch:
    """Rows as they are read."""
    return jobs.mixed_rows(rows).to_batches()[0]


def predicted(opened: Opened, batch: pa.RecordBatch, *refused: Refused) -> Predicted:
    """All rows answered but some that are refused."""
    way: Way = opened.way(opened.planned.plan.shards[0])
    bad = {one.row for one in refused}
    taken = pa.array([row for row in range(batch.num_rows) if row not in bad], pa.int64())
    return Predicted(way.rows.predict(batch.take(taken)).answers, taken, list(refused))


def letter(offset: int) -> DeadLetter:
    """A broken line."""
    return DeadLetter(Place(offset=offset), None, "broken_line", "it breaks off", "{")


def under_way(opened: Opened) -> list[str]:
    """What lies in the folder that this process writes in."""
    folder = Path(opened.output.folder(opened.job.output))
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_broken_lines_stand_among_refused_rows_as_in_the_file(opened: Opened, output: ShardOutput) -> None:
    batch = batch_of(opened, 7)
    refused = [Refused(row, "age", "missing", "age is missing") for row in (0, 3, 4)]
    block = Block(batch, lambda row: Place(row=row), [letter(n) for n in range(3)], [0, 4, 7])
    assert output.add(block, predicted(opened, batch, *refused)) == 10
    output.close()
    done = output.publish()
    assert (done.rows_in, done.rows_out, done.dead_letters) == (10, 4, 6)
    assert done.reasons == {"broken_line": 3, "missing": 3}
    assert done.dead_letter_file is not None
    lines = (Path(opened.job.output) / done.dead_letter_file).read_text().splitlines()
    found = [(one["offset"], one["row"]) for one in map(json.loads, lines)]
    assert found == [(0, None), (None, 0), (None, 3), (1, None), (None, 4), (2, None)]
    assert under_way(opened) == []


def test_a_row_that_is_lost_on_the_way_is_a_failure(opened: Opened, output: ShardOutput) -> None:
    batch = batch_of(opened, 4)
    answers = predicted(opened, batch_of(opened, 3))
    with pytest.raises(JobError, match="of 4 rows 3 were answered and 0 refused"):
        output.add(Block(batch, lambda row: Place(row=row)), answers)
    output.abandon()
    assert under_way(opened) == []


def test_a_file_with_fewer_rows_than_it_says_is_a_failure(opened: Opened, output: ShardOutput) -> None:
    batch = batch_of(opened, 9)
    output.add(Block(batch, lambda row: Place(row=row)), predicted(opened, batch))
    with pytest.raises(JobError, match=r"a\.parquet has 9 rows where it says that it has 10"):
        output.close()


def test_what_is_abandoned_leaves_nothing(opened: Opened, output: ShardOutput) -> None:
    batch = batch_of(opened, 3)
    refused = Refused(1, "age", "missing", "age is missing")
    output.add(Block(batch, lambda row: Place(row=row)), predicted(opened, batch, refused))
    assert len(under_way(opened)) == 2
    output.abandon()
    assert under_way(opened) == []


def test_values_that_json_has_not_stand_in_a_record_as_texts(opened: Opened, output: ShardOutput) -> None:
    batch = pa.record_batch(
        {
            "age": pa.array([float("nan")], pa.float32()),
            "at": pa.array([1], pa.timestamp("ns")),
            "raw": pa.array([b"a\xff"]),
            "many": pa.array([[1.0, float("inf")]]),
            "day": pa.array([0], pa.date32()),
        }
    )
    refused = [Refused(0, "age", "not_finite", "age is not finite")]
    answers = predicted(opened, batch_of(opened, 1)).answers.slice(0, 0)
    output.add(
        Block(batch, lambda row: Place(row=row)), Predicted(answers, pa.array([], pa.int64()), refused)
    )
    output.abandon()
