"""What holds on every engine: the same shards, dead letters, resume, bytes and exit codes."""

from pathlib import Path

import pyarrow as pa
import pytest

from tests.runtimes.batch import jobs
from tests.runtimes.batch.engines.running import Machines

pytestmark = pytest.mark.network

ENGINES = ("threads", "ray", "array")
SHARDS = 7
_ROWS = 100


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two files of shards with good rows, and one of lines that are partly none."""
    folder = tmp_path / "in"
    jobs.write_rows(folder / "a.parquet", jobs.mixed_rows(3 * _ROWS, 1), _ROWS)
    jobs.write_rows(folder / "b.arrow", jobs.mixed_rows(3 * _ROWS, 2), _ROWS)
    good = '{"id":1,"city":"Bern","age":31.5,"rooms":2}\n'
    (folder / "c.jsonl").write_text(
        good * 20 + '{"id":2,"city":"Bern","age":3\n' + good + '{"id":3,"rooms":1}\n'
    )
    return folder


def arguments(rows: Path, output: Path, *more: object) -> tuple[object, ...]:
    return ("--input", rows, "--output", output, "--shard-rows", _ROWS, *more)


def once(here: Machines, rows: Path, output: Path, *more: object) -> dict[str, bytes]:
    """What one thread writes there, which is then taken away: a plan names its output."""
    ran = here.run("threads", *arguments(rows, output, "--threads", 1, *more))
    assert ran.code == 0, ran.err
    found = jobs.tree(output)
    output.rename(output.with_name("once"))
    return found


def written(output: Path) -> dict[str, tuple[int, int]]:
    """When each part was written, and as which file of the disk."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in jobs.parts(output)}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_byte_is_as_one_thread_writes_it(
    here: Machines, rows: Path, tmp_path: Path, engine: str
) -> None:
    expected = once(here, rows, tmp_path / "out")
    ran = here.run(engine, *arguments(rows, tmp_path / "out"))
    assert ran.code == 0, ran.err
    assert jobs.tree(tmp_path / "out") == expected
    assert len(jobs.parts(tmp_path / "out")) == SHARDS
    assert {letter["reason"] for letter in jobs.dead_letters(tmp_path / "out")} == {"broken_line", "missing"}
    assert ran.metrics["engine"] == ("ray" if engine == "ray" else "threads")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_done_before_is_not_done_again(
    here: Machines, rows: Path, tmp_path: Path, engine: str
) -> None:
    expected = once(here, rows, tmp_path / "out")
    planned = here.run("threads", "plan", *arguments(rows, tmp_path / "out"))
    plan = ("--plan", planned.metrics["plan"])
    assert here.run("threads", "run", *plan, "--shards", "0,2-3").code == 0
    before = written(tmp_path / "out")
    assert len(before) == 3
    ran = here.run(engine, *(plan if engine == "array" else arguments(rows, tmp_path / "out")))
    assert ran.code == 0, ran.err
    assert jobs.tree(tmp_path / "out") == expected
    assert before.items() <= written(tmp_path / "out").items()


@pytest.mark.parametrize("engine", ENGINES)
def test_too_many_bad_rows_end_it_for_good(here: Machines, rows: Path, tmp_path: Path, engine: str) -> None:
    ran = here.run(engine, *arguments(rows, tmp_path / "out", "--max-bad-rows", 1))
    assert ran.code == 2
    assert "rows are bad, more than --max-bad-rows 1 allows" in ran.err
    assert "_packager/manifest.json" not in jobs.tree(tmp_path / "out")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_file_ends_it_with_its_name(
    here: Machines, rows: Path, tmp_path: Path, engine: str
) -> None:
    table = pa.table({name: jobs.mixed_rows(_ROWS)[name] for name in ("id", "city", "age", "rooms")})
    damaged = jobs.write_rows(rows / "d.parquet", table, _ROWS)
    data = bytearray(damaged.read_bytes())
    data[4:200] = bytes(196)  # the pages alone: the footer, which a plan is made of, is whole
    damaged.write_bytes(bytes(data))
    ran = here.run(engine, *arguments(rows, tmp_path / "out"))
    assert ran.code == 2
    assert f"{damaged} cannot be read as Parquet" in ran.err
    assert "_packager/manifest.json" not in jobs.tree(tmp_path / "out")
