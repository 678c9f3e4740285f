"""The command line as values: what is given, what is not, and what is refused."""

from pathlib import Path

import pytest

from runtimes.batch import options
from runtimes.batch.errors import JobError


def test_the_command_run_need_not_be_named(tmp_path: Path) -> None:
    asked = options.read(["--input", "a.csv", "b.csv", "--output", str(tmp_path)])
    assert asked.command == "run"
    assert [one.rpartition("/")[2] for one in asked.input] == ["a.csv", "b.csv"]


def test_paths_become_absolute_and_lose_the_slash_at_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = options.read(["--input", "in/*.csv", "s3://bucket/folder/", "--output", "out/"])
    here = str(tmp_path.resolve())
    assert asked.input == (f"{here}/in/*.csv", "s3://bucket/folder")
    assert asked.output == f"{here}/out"


def test_columns_are_mapped_by_pairs() -> None:
    asked = options.read(["--input", "a", "--output", "b", "--map", "age=Alter", "x=y", "--map", "city=Ort"])
    assert asked.map == {"age": "Alter", "x": "y", "city": "Ort"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--map", "age"], "'age' is not MODEL=COLUMN"),
        (["--max-bad-rows", "few"], "'few' is neither a number of rows nor a share"),
        (["--max-bad-rows", "101%"], "'101%' is neither"),
        (["--shard-rows", "0"], "'0' is no whole number from 1 on"),
        (["--delimiter", ";;"], "';;' is not one character"),
        (["--output-format", "xml"], "invalid choice: 'xml'"),
        (["--unknown"], "--unknown"),
        (["--map", "age=a", "city=c", "--map", "age=b"], "--map names 'a' and 'b' for age"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(given: list[str], said: str) -> None:
    with pytest.raises(JobError) as refused:
        options.read(["--input", "a", "--output", "b", *given])
    assert refused.value.exit_code == 2
    assert said in refused.value.message
    assert "\n" not in refused.value.message


def test_what_stands_for_nothing_is_named_once_for_each_text() -> None:
    found = options.read(
        ["--input", "a", "--output", "b", "--missing", "NA", "--missing=-", "--missing", "NA"]
    )
    assert found.missing == ("-", "NA")


def test_a_job_needs_input_and_output() -> None:
    with pytest.raises(JobError, match="--output is missing"):
        options.read(["--input", "a"])
    with pytest.raises(JobError, match="--input is missing"):
        options.read(["plan", "--output", "a"])


def test_a_plan_says_all_of_its_job() -> None:
    with pytest.raises(JobError, match="--keep was given beside it"):
        options.read(["run", "--plan", "out/_packager/plan-1.json", "--keep", "all"])


def test_a_store_that_nobody_knows_is_refused() -> None:
    with pytest.raises(JobError, match="gs://bucket/x is in no store"):
        options.read(["--input", "gs://bucket/x", "--output", "b"])
