"""What an output says of its job: whose it is, what is done, and that all of it is."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.ledger import Done, Ledger, plan_of
from runtimes.batch.plan import Plan, name_plan
from tests.runtimes.batch.test_tally import done, plan


def ledger(
    output: Path, given: Plan | None = None, prefix: str = "", max_bad_rows: str | None = None
) -> Ledger:
    """The ledger of a plan in this output."""
    given = given or plan()
    job = replace(given.job, output=str(output), prefix=prefix, max_bad_rows=max_bad_rows)
    return Ledger(name_plan(replace(given, job=job))[0])


def write(output: Path, one: Done) -> Done:
    """A shard's part and its marker."""
    (output / one.part).write_bytes(b"1" * one.size_bytes)
    ledger(output).mark(one)
    return one


def all_done(output: Path) -> list[Done]:
    """Markers of all shards, written."""
    return [write(output, done(index, bad=index)) for index in range(4)]


def test_an_output_is_claimed_once_and_again_by_the_same_plan(tmp_path: Path) -> None:
    ledger(tmp_path).claim(b"{}")
    ledger(tmp_path).claim()
    ledger(tmp_path, max_bad_rows="7").claim()
    for other in (ledger(tmp_path, prefix="x_"), ledger(tmp_path, plan(shards=3))):
        with pytest.raises(JobError, match="is another job's"):
            other.claim()


def test_a_plan_is_there_before_its_claim_is(tmp_path: Path) -> None:
    ledger(tmp_path).claim(b"the plan")
    digest = json.loads((tmp_path / "_packager/job.json").read_bytes())["plan"]
    assert (tmp_path / f"_packager/plan-{digest}.json").read_bytes() == b"the plan"


def test_a_claim_that_nobody_can_read_is_another_jobs(tmp_path: Path) -> None:
    (tmp_path / "_packager").mkdir()
    (tmp_path / "_packager/job.json").write_text("{")
    with pytest.raises(JobError, match="is another job's"):
        ledger(tmp_path).claim()


def test_a_claim_names_the_plan_that_was_first(tmp_path: Path) -> None:
    ledger(tmp_path).claim(b"{}")
    data = (tmp_path / "_packager/job.json").read_bytes()
    assert (tmp_path / f"_packager/plan-{plan_of(data, str(tmp_path))}.json").exists()
    for broken in (data[:9], b"[]", b"{}"):
        with pytest.raises(JobError, match=r"job\.json does not say whose the output is"):
            plan_of(broken, str(tmp_path))


def test_markers_are_found_and_read(tmp_path: Path) -> None:
    assert ledger(tmp_path).indexes() == set()
    write(tmp_path, done(2, bad=3))
    (tmp_path / "_packager/done/00001-another.json").write_text("{}")
    assert ledger(tmp_path).indexes() == {2}
    assert ledger(tmp_path).find(2) == done(2, bad=3)
    assert ledger(tmp_path).read([2]) == [done(2, bad=3)]
    assert ledger(tmp_path).find(1) is None


def test_a_marker_whose_files_are_gone_or_others_says_nothing(tmp_path: Path) -> None:
    letters = "_packager/dead-letters/00001-1.jsonl"
    found = [write(tmp_path, replace(done(index), dead_letter_file=letters)) for index in range(3)]
    (tmp_path / letters).parent.mkdir()
    (tmp_path / letters).write_bytes(b"{}")
    (tmp_path / "part-1").unlink()
    (tmp_path / "part-2").write_bytes(b"")
    assert ledger(tmp_path).read(range(3)) == found[:1]
    assert [ledger(tmp_path).find(index) for index in range(3)] == [found[0], None, None]
    (tmp_path / letters).unlink()
    assert ledger(tmp_path).read(range(3)) == [] and ledger(tmp_path).find(0) is None


def test_what_lost_a_part_is_not_complete(tmp_path: Path) -> None:
    found = all_done(tmp_path)
    (tmp_path / "part-3").unlink()
    with pytest.raises(TryAgainError, match=r"1 of the parts that were written to .* are gone"):
        ledger(tmp_path).complete(found)
    assert not ledger(tmp_path).is_complete()


ANOTHERS = json.dumps(asdict(done(1)))


@pytest.mark.parametrize("content", ["{", "[]", '{"shard": 2}', ANOTHERS])
def test_a_marker_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    write(tmp_path, done(2))
    (tmp_path / "_packager/done/00002-2.json").write_text(content)
    with pytest.raises(JobError, match=r"done/00002-2\.json is no marker of its shard"):
        ledger(tmp_path).find(2)


def test_an_output_that_has_answers_of_others_is_refused(tmp_path: Path) -> None:
    for name in ("README.txt", "_other.parquet", ".hidden.parquet", "part-00003-3.parquet"):
        (tmp_path / name).write_bytes(b"")  # the last one is our own: of a run that was killed
    ledger(tmp_path).claim()
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(JobError, match=r"holds a\.parquet, which is no part of this job"):
        ledger(tmp_path).claim()


def test_the_manifest_is_the_same_whoever_writes_it(tmp_path: Path) -> None:
    found = all_done(tmp_path)
    assert not ledger(tmp_path).is_complete()
    ledger(tmp_path).complete(found)
    before = (tmp_path / "_packager/manifest.json").read_bytes()
    ledger(tmp_path, max_bad_rows="100").complete(reversed(found))
    assert (tmp_path / "_packager/manifest.json").read_bytes() == before
    assert ledger(tmp_path).is_complete()
    document = json.loads(before)
    assert (document["rows_in"], document["rows_out"], document["dead_letters"]) == (400, 394, 6)
    assert [one["shard"] for one in document["parts"]] == [0, 1, 2, 3]


def test_a_manifest_that_says_something_else_is_not_replaced(tmp_path: Path) -> None:
    found = all_done(tmp_path)
    ledger(tmp_path).complete(found)
    with pytest.raises(JobError, match=r"manifest\.json says something else than the shards do"):
        ledger(tmp_path).complete([replace(found[0], sha256="1"), *found[1:]])
