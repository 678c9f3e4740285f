"""Rows in, rows out, dead letters; and when there are too many of these."""

from dataclasses import replace

import pyarrow as pa
import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.job import Job
from runtimes.batch.ledger import Done
from runtimes.batch.plan import Model, Plan
from runtimes.batch.tally import Tally
from runtimes.batch.work import Cut, InputFile, Shard


def plan(shards: int = 4, rows: int | None = 100, max_bad_rows: str | None = None) -> Plan:
    file = InputFile("/in/a.parquet", "parquet", "", 4000, "v")
    cuts = [Cut(index, index + 1, index * 100, rows, ((index * 1000, 1000),)) for index in range(shards)]
    return Plan(
        Model("m", "1", "d"),
        Job("/out", max_bad_rows=max_bad_rows),
        (("prediction", "string"),),
        (pa.schema([]),),
        (file,),
        (0,),
        tuple(Shard(index, file, cut, f"{index}") for index, cut in enumerate(cuts)),
    )


def done(shard: int, bad: int = 0, rows: int = 100) -> Done:
    reasons = {"missing": bad} if bad else {}
    return Done(shard, str(shard), f"part-{shard}", "0", 1, rows, rows - bad, bad, reasons)


def test_counts_the_rows_of_shards_that_are_under_way() -> None:
    tally = Tally(plan(), range(4), [])
    tally.advance(40)
    assert (tally.rows, tally.share) == (40, 0.1)
    tally.advance(60)
    tally.finish(done(0))
    assert (tally.rows, tally.share) == (100, 0.25)


def test_without_a_count_of_rows_the_share_is_that_of_bytes() -> None:
    tally = Tally(plan(rows=None), range(4), [done(1)])
    assert tally.rows_in_all is None
    assert tally.share == 0.25


def test_the_limit_of_bad_rows_holds_over_all_shards() -> None:
    tally = Tally(plan(max_bad_rows="10"), range(4), [done(0, bad=6)])
    tally.finish(done(1, bad=4))
    with pytest.raises(JobError, match="11 rows are bad, more than --max-bad-rows 10 allows: 11 missing"):
        tally.finish(done(2, bad=1))


def test_a_share_of_bad_rows_is_refused_as_soon_as_no_further_row_can_mend_it() -> None:
    tally = Tally(plan(max_bad_rows="2.5%"), range(4), [])
    tally.finish(done(0, bad=10))
    with pytest.raises(JobError, match=r"11 rows are bad, more than --max-bad-rows 2\.5%"):
        tally.finish(done(1, bad=1))


def test_a_share_of_rows_that_nobody_counted_is_refused_at_the_end() -> None:
    tally = Tally(plan(rows=None, max_bad_rows="1%"), range(4), [])
    found = [done(index, bad=2) for index in range(4)]
    for one in found:
        tally.finish(one)
    with pytest.raises(JobError, match="8 rows are bad"):
        tally.check_all(found)


def test_a_share_is_reckoned_exactly() -> None:
    given = Tally(plan(shards=1, rows=10_000, max_bad_rows="0.57%"), [0], [])
    given.finish(done(0, bad=57, rows=10_000))


def test_bad_rows_are_no_failure_unless_all_are_bad() -> None:
    tally = Tally(plan(), range(4), [])
    tally.check_all([done(0), *(done(index, bad=100) for index in range(1, 4))])
    with pytest.raises(JobError, match="all 400 rows are bad: 400 missing") as refused:
        tally.check_all([done(index, bad=100) for index in range(4)])
    assert refused.value.hint.startswith("/out/_packager/dead-letters says what is wrong")


def test_no_rows_at_all_are_no_failure() -> None:
    Tally(plan(rows=0), range(4), []).check_all([done(index, rows=0) for index in range(4)])


def test_a_shard_that_lost_a_row_is_a_failure() -> None:
    lost = replace(done(2), rows_out=99)
    with pytest.raises(JobError, match="shard 2 had 100 rows, and has 99 answers and 0 dead letters"):
        Tally(plan(), range(4), []).check_all([done(0), done(1), lost, done(3)])


def test_a_shard_with_other_rows_than_its_file_says_is_a_failure() -> None:
    with pytest.raises(JobError, match="shard 1 had 90 rows"):
        Tally(plan(), range(4), []).check_all([done(1, rows=90)])
