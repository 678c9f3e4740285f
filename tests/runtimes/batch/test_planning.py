"""Planning: which files, which columns, which shards; and what is refused before the first row."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from runtimes.batch import options, plan
from runtimes.batch.errors import JobError
from runtimes.batch.plan import Plan, name_plan, read_plan
from runtimes.batch.planning import make_plan
from runtimes.batch.stores import Stores
from tests.runtimes.batch import jobs


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return jobs.mixed_root(tmp_path_factory.mktemp("planned") / "job")


def planned(root: Path, source: object, output: Path, *arguments: object) -> Plan:
    """The plan of a command line."""
    given = ["plan", "--input", str(source), "--output", str(output), *map(str, arguments)]
    return make_plan(options.read(given), Stores(), str(root))


def test_a_file_is_cut_between_its_row_groups(root: Path, tmp_path: Path) -> None:
    jobs.write_rows(tmp_path / "in" / "a.parquet", jobs.mixed_rows(1050), 100)
    jobs.write_rows(tmp_path / "in" / "b.parquet", jobs.mixed_rows(40), 100)
    found = planned(root, tmp_path / "in", tmp_path / "out", "--shard-rows", 300)
    assert [shard.cut.rows for shard in found.shards] == [300, 300, 300, 150, 40]
    assert [shard.cut.first_row for shard in found.shards] == [0, 300, 600, 900, 0]
    assert [shard.index for shard in found.shards] == [0, 1, 2, 3, 4]
    assert found.answers == (
        ("id", "int64"),
        ("prediction", "string"),
        ("probability_high", "float"),
        ("probability_low", "float"),
    )


def test_the_same_job_has_the_same_plan_and_any_other_another(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(50))
    digests = [
        name_plan(planned(root, source, tmp_path / "out", *arguments))[0].digest
        for arguments in ((), (), ("--keep", "none"), ("--prefix", "x_"), ("--output-format", "csv"))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_what_a_job_bears_with_changes_its_plan_but_not_what_its_output_is(
    root: Path, tmp_path: Path
) -> None:
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(50))
    strict, lenient = (
        name_plan(planned(root, source, tmp_path / "out", "--max-bad-rows", limit))[0]
        for limit in ("1", "5%")
    )
    assert strict.digest != lenient.digest
    assert strict.identity == lenient.identity
    assert strict.plan.shards == lenient.plan.shards


def test_a_file_that_was_changed_has_other_shards(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(50))
    before = planned(root, source, tmp_path / "out")
    jobs.write_rows(source, jobs.mixed_rows(50, seed=1))
    os.utime(source, (0, 0))
    after = planned(root, source, tmp_path / "out")
    assert before.shards[0].identity != after.shards[0].identity


def test_a_plan_is_read_as_it_was_written(root: Path, tmp_path: Path) -> None:
    jobs.write_rows(tmp_path / "in" / "a.csv", jobs.mixed_rows(50))
    jobs.write_rows(tmp_path / "in" / "b.csv.gz", jobs.mixed_rows(50))
    first, data = name_plan(planned(root, tmp_path / "in", tmp_path / "out", "--map", "age=rooms"))
    again = read_plan(data, first.uri)
    assert again == first
    assert (again.identity, name_plan(again.plan)[1]) == (first.identity, data)
    assert json.loads(data)["schema_version"] == plan.SCHEMA_VERSION


def test_a_plan_that_was_changed_is_refused(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(50))
    first, data = name_plan(planned(root, source, tmp_path / "out"))
    with pytest.raises(JobError, match="is not what its name says"):
        read_plan(data.replace(b"rest", b"none"), first.uri)


def test_a_plan_of_another_schema_is_refused() -> None:
    data = b'{"schema_version":99}'
    import hashlib

    with pytest.raises(JobError, match="has schema_version 99; this job reads 1"):
        read_plan(data, f"/out/_packager/plan-{hashlib.sha256(data).hexdigest()}.json")


def test_files_that_are_named_twice_are_read_once_in_the_order_of_their_names(
    root: Path, tmp_path: Path
) -> None:
    for name in ("b.csv", "a.csv"):
        jobs.write_rows(tmp_path / name, jobs.mixed_rows(5))
    given = [tmp_path / "b.csv", tmp_path / "*.csv"]
    asked = options.read(["--input", *map(str, given), "--output", str(tmp_path / "out")])
    found = make_plan(asked, Stores(), str(root))
    assert [Path(file.uri).name for file in found.files] == ["b.csv", "a.csv"]


def test_wrong_columns_are_named_with_their_file(root: Path, tmp_path: Path) -> None:
    rows = jobs.mixed_rows(5).rename_columns(["id", "city", "alter", "rooms"])
    source = jobs.write_rows(tmp_path / "a.parquet", rows)
    with pytest.raises(JobError, match=r"a\.parquet: .*age"):
        planned(root, source, tmp_path / "out")
    found = planned(root, source, tmp_path / "out", "--map", "age=alter")
    assert found.answers[0] == ("id", "int64")


def test_a_wrong_file_among_many_is_named(root: Path, tmp_path: Path) -> None:
    for number in range(20):
        jobs.write_rows(tmp_path / "in" / f"{number:02}.parquet", jobs.mixed_rows(5))
    jobs.write_rows(tmp_path / "in" / "13.parquet", jobs.mixed_rows(5).drop_columns(["city"]))
    with pytest.raises(JobError, match=r"13\.parquet: .*city"):
        planned(root, tmp_path / "in", tmp_path / "out")


def test_kept_columns_have_one_type_in_all_files(root: Path, tmp_path: Path) -> None:
    rows = jobs.mixed_rows(5)
    jobs.write_rows(tmp_path / "in" / "a.parquet", rows)
    texts = rows["id"].cast(pa.string())
    jobs.write_rows(tmp_path / "in" / "b.parquet", rows.set_column(0, "id", texts))
    with pytest.raises(JobError, match="id is int64 in the one and string in the other"):
        planned(root, tmp_path / "in", tmp_path / "out")
    planned(root, tmp_path / "in", tmp_path / "out", "--keep", "none")


@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        ("nothing", "out", "there is no file"),
        ("in/*.csv", "out", "there is no file"),
        ("in/a.xlsx", "out", "the format of .*a.xlsx is not known by its name"),
        ("in", "in", "takes in what is written to the output"),
        ("in", "in/out", "takes in what is written to the output"),
        ("in/a.parquet", "in", "lies in the output"),
    ],
)
def test_input_that_is_none_is_refused(
    root: Path, tmp_path: Path, source: str, output: str, said: str
) -> None:
    jobs.write_rows(tmp_path / "in" / "a.parquet", jobs.mixed_rows(5))
    if source.endswith("xlsx"):
        (tmp_path / source).write_bytes(b"PK")
    with pytest.raises(JobError, match=said):
        planned(root, tmp_path / source, tmp_path / output)


def test_a_format_can_be_named(root: Path, tmp_path: Path) -> None:
    data = jobs.write_rows(tmp_path / "a.csv.gz", jobs.mixed_rows(5)).read_bytes()
    (tmp_path / "export.gz").write_bytes(data)
    found = planned(root, tmp_path / "export.gz", tmp_path / "out", "--input-format", "csv")
    assert (found.files[0].format, found.files[0].compression) == ("csv", "gzip")


def test_tabs_separate_the_values_of_tsv(root: Path, tmp_path: Path) -> None:
    text = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(5)).read_text()
    (tmp_path / "b.tsv").write_text(text.replace(",", "\t"))
    assert planned(root, tmp_path / "b.tsv", tmp_path / "out").job.delimiter == "\t"
    with pytest.raises(JobError, match=r"has \.csv and \.tsv files"):
        planned(root, tmp_path / "*.?sv", tmp_path / "out")


def test_a_file_without_a_byte_is_left_out(root: Path, tmp_path: Path) -> None:
    jobs.write_rows(tmp_path / "in" / "b.csv", jobs.mixed_rows(50))
    for name in ("a.csv", "c.jsonl"):
        (tmp_path / "in" / name).write_bytes(b"")
    found = planned(root, tmp_path / "in" / "*.csv", tmp_path / "out")
    assert [Path(file.uri).name for file in found.files] == ["b.csv"]
    with pytest.raises(JobError, match="files are empty"):
        planned(root, tmp_path / "in" / "c.jsonl", tmp_path / "out")


def test_another_delimiter_is_guessed_for_the_hint(root: Path, tmp_path: Path) -> None:
    text = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(5)).read_text()
    (tmp_path / "a.csv").write_text(text.replace(",", ";").replace('"', ""))
    with pytest.raises(JobError) as refused:
        planned(root, tmp_path / "a.csv", tmp_path / "out")
    assert "its first line has ';'" in refused.value.hint
    assert planned(root, tmp_path / "a.csv", tmp_path / "out", "--delimiter", ";").answers[0] == (
        "id",
        "string",
    )
