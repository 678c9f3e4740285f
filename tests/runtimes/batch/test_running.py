"""A whole job: files in, answers and dead letters out, and what it says of itself."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch import metrics
from runtimes.batch.errors import JobError
from tests.runtimes.batch import jobs

DIRTY = "a.csv"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return jobs.mixed_root(tmp_path_factory.mktemp("running") / "job")


def write_dirty(folder: Path, rows: int, bad: int) -> Path:
    """A file of CSV in which every so many-th of the first rows has a word for a number."""
    lines = jobs.write_rows(folder / DIRTY, jobs.mixed_rows(rows)).read_text().splitlines()
    for number in range(1, bad + 1):
        lines[number] = f"{number},Bern,old,2"
    (folder / DIRTY).write_text("\n".join(lines) + "\n")
    return folder / DIRTY


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl", ".arrow", ".csv.gz", ".jsonl.zst"])
def test_every_format_is_answered_as_the_model_does(root: Path, tmp_path: Path, suffix: str) -> None:
    rows = [jobs.mixed_rows(250, seed) for seed in (0, 1)]
    for number, table in enumerate(rows):
        jobs.write_rows(tmp_path / "in" / f"{number}{suffix}", table, 100)
    found = jobs.run_here(root, "--input", tmp_path / "in", "--output", tmp_path / "out", "--shard-rows", 100)
    everything = pa.concat_tables(rows)
    assert (found["rows_in"], found["rows_out"], found["dead_letters"]) == (500, 500, 0)
    answers, expected = jobs.answers(tmp_path / "out"), jobs.expected(everything)
    assert [int(value) for value in answers["id"].to_pylist()] == everything["id"].to_pylist()
    assert answers["prediction"].to_pylist() == expected["prediction"].to_pylist()
    for name in ("probability_high", "probability_low"):
        assert answers[name].to_pylist() == pytest.approx(expected[name].to_pylist(), abs=1e-6)


def test_the_manifest_accounts_for_every_part(root: Path, tmp_path: Path) -> None:
    source = write_dirty(tmp_path / "in", 300, 4)
    found = jobs.run_here(root, "--input", source, "--output", tmp_path / "out", "--shard-rows", 100)
    manifest = json.loads((tmp_path / "out/_packager/manifest.json").read_bytes())
    assert (manifest["rows_in"], manifest["rows_out"], manifest["dead_letters"]) == (300, 296, 4)
    assert manifest["reasons"] == found["reasons"] == {"not_a_number": 4}
    for part in manifest["parts"]:
        assert hashlib.sha256((tmp_path / "out" / part["part"]).read_bytes()).hexdigest() == part["sha256"]
        marker = tmp_path / f"out/_packager/done/{part['shard']:05d}-{part['identity']}.json"
        assert json.loads(marker.read_bytes()) == part
    assert sorted(path.name for path in jobs.parts(tmp_path / "out")) == [
        one["part"] for one in manifest["parts"]
    ]
    assert not list((tmp_path / "out").rglob("tmp/*"))


def test_dead_letters_stand_in_the_order_of_the_file_with_place_and_reason(
    root: Path, tmp_path: Path
) -> None:
    lines = ['{"city":"Bern","age":1,"rooms":1}'] * 6
    lines[1], lines[2] = '{"city":null,"age":1,"rooms":1}', '{"city":'
    lines[4] = '{"city":"Bern","age":"old","rooms":1}'
    source = tmp_path / "a.jsonl"
    source.write_text("\n".join(lines) + "\n")
    found = jobs.run_here(root, "--input", source, "--output", tmp_path / "out")
    letters = jobs.dead_letters(tmp_path / "out")
    assert (found["rows_in"], found["rows_out"], found["dead_letters"]) == (6, 3, 3)
    assert [letter["line"] for letter in letters] == [2, 3, 5]
    assert [letter["reason"] for letter in letters] == ["missing", "broken_line", "not_a_number"]
    assert [letter["offset"] for letter in letters] == [34, 66, 109]
    assert letters[0]["file"] == str(source)
    assert letters[1]["record"] == '{"city":'


def test_a_dead_letter_of_columns_has_the_row_with_its_values(root: Path, tmp_path: Path) -> None:
    rows = jobs.mixed_rows(10).to_pylist()
    rows[7] |= {"age": float("inf"), "id": None}
    source = jobs.write_rows(tmp_path / "a.parquet", pa.Table.from_pylist(rows), 5)
    jobs.run_here(root, "--input", source, "--output", tmp_path / "out")
    (letter,) = jobs.dead_letters(tmp_path / "out")
    assert (letter["row"], letter["column"], letter["reason"]) == (7, "age", "not_finite")
    assert letter["record"] == {"id": None, "city": rows[7]["city"], "age": "inf", "rooms": rows[7]["rooms"]}


def test_too_many_bad_rows_are_a_failure_and_a_higher_limit_goes_on_from_there(
    root: Path, tmp_path: Path
) -> None:
    source, output = write_dirty(tmp_path / "in", 500, 20), tmp_path / "out"
    given = ("--input", source, "--output", output)
    with pytest.raises(
        JobError, match="20 rows are bad, more than --max-bad-rows 19 allows: 20 not_a_number"
    ):
        jobs.run_here(root, *given, "--max-bad-rows", 19)
    assert not (output / "_packager/manifest.json").exists()
    found = jobs.run_here(root, *given, "--max-bad-rows", "4%")
    assert found["complete"] and found["shards"]["done_now"] == 0
    with pytest.raises(JobError, match=r"20 rows are bad, more than --max-bad-rows 3\.9%"):
        jobs.run_here(root, *given, "--max-bad-rows", "3.9%")


def test_a_job_of_bad_rows_alone_is_a_failure(root: Path, tmp_path: Path) -> None:
    source = write_dirty(tmp_path / "in", 5, 5)
    with pytest.raises(JobError, match="all 5 rows are bad: 5 not_a_number"):
        jobs.run_here(root, "--input", source, "--output", tmp_path / "out")
    assert len(jobs.dead_letters(tmp_path / "out")) == 5
    found = jobs.run_here(root, "--input", source, "--output", tmp_path / "out", "--max-bad-rows", "100%")
    assert (found["complete"], found["rows_out"], found["dead_letters"]) == (True, 0, 5)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_what_stands_for_nothing_is_missing_where_the_model_reads(
    root: Path, tmp_path: Path, suffix: str
) -> None:
    lines = {
        "csv": "id,city,age,rooms\nNA,Bern,NA,2\n2,NA,40,2\n3,Bern,,2\n",
        "jsonl": '{"id":"NA","city":"Bern","age":"NA","rooms":2}\n{"id":"2","city":"NA","age":40,"rooms":2}\n'
        '{"id":"3","city":"Bern","age":null,"rooms":2}\n',
    }
    source, output = tmp_path / f"a.{suffix}", tmp_path / "out"
    source.write_text(lines[suffix])
    jobs.run_here(root, "--input", source, "--output", output, "--missing", "NA")
    (letter,) = jobs.dead_letters(output)
    assert (letter["reason"], letter["column"]) == ("missing", "city")
    first, last = jobs.answers(output).to_pylist()
    assert (first.pop("id"), last.pop("id")) == ("NA", "3")
    assert first == last
    with pytest.raises(JobError, match="is another job's"):
        jobs.run_here(root, "--input", source, "--output", output, "--missing", "NA", "--missing", "-")


def test_a_second_run_does_nothing_and_changes_nothing(root: Path, tmp_path: Path) -> None:
    source, output = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(300)), tmp_path / "out"
    first = jobs.run_here(root, "--input", source, "--output", output)
    before = jobs.tree(output)
    second = jobs.run_here(root, "--input", source, "--output", output)
    assert jobs.tree(output) == before
    assert (first["shards"]["done_now"], second["shards"]["done_now"]) == (1, 0)
    assert second["shards"]["done_before"] == 1
    assert second["rows_out"] == first["rows_out"] == 300


@pytest.mark.parametrize("lost", ["part-00001-*", "_packager/dead-letters/*"])
def test_what_somebody_removed_from_a_complete_output_is_made_again(
    root: Path, tmp_path: Path, lost: str
) -> None:
    given = (
        "--input",
        write_dirty(tmp_path / "in", 300, 4),
        "--output",
        tmp_path / "out",
        "--shard-rows",
        100,
    )
    jobs.run_here(root, *given)
    before = jobs.tree(tmp_path / "out")
    (file,) = (tmp_path / "out").glob(lost)
    file.unlink()
    said = json.loads(jobs.run(root, "status", "--output", tmp_path / "out").out)
    assert (said["complete"], said["done"]) == (False, 2)
    found = jobs.run_here(root, *given)
    assert (found["complete"], found["shards"]["done_now"]) == (True, 1)
    assert jobs.tree(tmp_path / "out") == before


def test_a_lost_marker_is_made_again_with_the_same_bytes(root: Path, tmp_path: Path) -> None:
    source, output = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(300), 100), tmp_path / "out"
    given = ("--input", source, "--output", output, "--shard-rows", 100)
    jobs.run_here(root, *given)
    before = jobs.tree(output)
    (lost,) = (output / "_packager/done").glob("00001-*")
    lost.unlink()
    jobs.parts(output)[1].unlink()
    found = jobs.run_here(root, *given)
    assert found["shards"]["done_now"] == 1
    assert jobs.tree(output) == before


def test_an_output_of_another_job_is_refused(root: Path, tmp_path: Path) -> None:
    source, output = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(30)), tmp_path / "out"
    jobs.run_here(root, "--input", source, "--output", output)
    before = jobs.tree(output)
    with pytest.raises(JobError, match="is another job's: of another model, input, or other options"):
        jobs.run_here(root, "--input", source, "--output", output, "--keep", "none")
    assert jobs.tree(output) == before


def test_input_that_was_changed_after_it_was_planned_is_refused(root: Path, tmp_path: Path) -> None:
    source, output = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(30)), tmp_path / "out"
    planned = jobs.run(root, "plan", "--input", source, "--output", output)
    jobs.write_rows(source, jobs.mixed_rows(31))
    with pytest.raises(JobError, match="was changed since the job was planned"):
        jobs.run_here(root, "--plan", planned.metrics["plan"])
    assert not jobs.parts(output)


def test_children_share_a_plan_and_the_last_one_completes_it(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(700), 100)
    given = ("--input", source, "--shard-rows", 100, "--output")
    alone = tmp_path / "out"
    jobs.run_here(root, *given, alone)
    expected = jobs.tree(alone)
    alone.rename(tmp_path / "before")
    plan = jobs.run(root, "plan", *given, alone).metrics
    assert (plan["shards"], plan["rows"], plan["files"]) == (7, 700, 1)
    first = jobs.run_here(root, "--plan", plan["plan"], "--shards", "1,3-5")
    assert (first["complete"], first["rows_in"], first["shards"]["mine"]) == (False, 400, 4)
    state = json.loads(jobs.run(root, "status", "--output", alone).out)
    assert (state["shards"], state["done"], state["rows_in"], state["complete"]) == (7, 4, 400, False)
    last = jobs.run_here(root, "--plan", plan["plan"], "--shards", "0,2,6")
    assert last["complete"] is True
    assert jobs.tree(alone) == expected
    assert json.loads(jobs.run(root, "status", "--output", alone).out)["complete"] is True


def test_files_without_rows_are_answered_by_none(root: Path, tmp_path: Path) -> None:
    jobs.write_rows(tmp_path / "in" / "a.parquet", jobs.mixed_rows(0))
    jobs.write_rows(tmp_path / "in" / "b.parquet", jobs.mixed_rows(3))
    found = jobs.run_here(root, "--input", tmp_path / "in", "--output", tmp_path / "out")
    assert (found["rows_in"], found["complete"]) == (3, True)


def test_the_model_is_held_to_the_digests_of_its_manifest(root: Path, tmp_path: Path) -> None:
    changed = jobs.mixed_root(tmp_path / "job")
    document = json.loads((changed / "manifest.json").read_text())
    model = (changed / "model/model.onnx").read_bytes()
    document["files"] = {
        "model/model.onnx": {"sha256": hashlib.sha256(model).hexdigest(), "size_bytes": len(model)}
    }
    (changed / "manifest.json").write_text(json.dumps(document))
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(30))
    jobs.run_here(changed, "--input", source, "--output", tmp_path / "out")
    (changed / "model/model.onnx").write_bytes(model + b"\0")
    with pytest.raises(JobError, match=r"model/model\.onnx of the job is not the file that was built"):
        jobs.run_here(changed, "--input", source, "--output", tmp_path / "other")


def test_a_plan_for_another_model_is_refused(root: Path, tmp_path: Path) -> None:
    source, other = (
        jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(30)),
        jobs.mixed_root(tmp_path / "job"),
    )
    document = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**document, "name": "other"}))
    plan = jobs.run(root, "plan", "--input", source, "--output", tmp_path / "out").metrics["plan"]
    with pytest.raises(JobError, match=r"the plan is for probe .*, and this job is other"):
        jobs.run_here(other, "--plan", plan)


def test_the_metrics_say_what_was_read_and_written(root: Path, tmp_path: Path) -> None:
    source, output = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(300)), tmp_path / "out"
    file = tmp_path / "metrics.json"
    ran = jobs.run(root, "--input", source, "--output", output, "--metrics", file)
    assert json.loads(file.read_text()) == ran.metrics
    assert ran.metrics["bytes_read"] >= source.stat().st_size * 0.9
    assert ran.metrics["bytes_written"] >= jobs.parts(output)[0].stat().st_size
    assert ran.metrics["peak_memory_mb"] > 10
    last = json.loads(ran.err.splitlines()[-1])
    assert (last["rows"], last["share"], last["seconds_left"]) == (300, 1.0, 0)


def test_peak_memory_is_that_of_this_process_alone() -> None:
    assert 10 < metrics.peak_memory_mb() < 10_000
