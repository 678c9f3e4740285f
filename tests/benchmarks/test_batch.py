"""What batch jobs are measured by: whole trees of processes, floors, and answers that must agree."""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import batch_data
from benchmarks.batch import floors
from benchmarks.batch_page import Line, scales, table
from benchmarks.batch_subjects import Answers, Measured, measure

_BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"
_WITH_A_CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {_BUSY!r}])\nprint('said')\n"
_LARGE = "kept = bytearray(b'1' * (200 << 20))\n"
_WITH_A_DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(1)
        time.sleep(60)
    os._exit(0)
time.sleep(0.3)
print(os.getpid())
"""


def run(program: str) -> Measured:
    return measure([sys.executable, "-c", program], dict(os.environ))


def measured(cpu_s: float, said: str = "") -> Measured:
    return Measured(1.0, cpu_s, 1, 1, said)


def test_what_a_command_starts_is_measured_with_it() -> None:
    found = run(_WITH_A_CHILD)
    assert found.said == "said\n"
    assert found.cpu_s >= 0.3


def test_the_most_memory_is_that_of_the_program_and_not_of_who_started_it() -> None:
    assert run("pass").peak_bytes < 50e6
    assert run(_LARGE).peak_bytes > 200e6


def test_a_daemon_that_is_left_behind_is_ended() -> None:
    before = _sleepers()
    run(_WITH_A_DAEMON)
    assert _sleepers() == before


def _sleepers() -> set[str]:
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if b"time.sleep(60)" in (place / "cmdline").read_bytes():
                found.add(place.name)
        except OSError:
            continue
    return found


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="it broke"):
        run("raise SystemExit('it broke')")


def test_the_floor_takes_the_cheaper_engine_and_one_start() -> None:
    runs = {
        "decode": [measured(1.5, "1.0")],
        "run": [measured(9.0, "0.5")],
        "own engine": [measured(9.0, "0.25")],
        "encode": [measured(9.0, "2.0")],
    }
    assert floors(runs) == [1.5 + 0.25 + 2.0]
    assert floors(runs, with_start=False) == [1.0 + 0.25 + 2.0]


def test_ways_that_lose_double_or_change_rows_are_told(tmp_path: Path) -> None:
    rows = pa.table({"id": np.arange(4), "prediction": [0, 1, 0, 1], "probability_1": [0.1, 0.9, 0.2, 0.8]})
    answers = Answers()

    def hold(table: pa.Table) -> None:
        pq.write_table(table, tmp_path / "out.parquet")
        answers.hold("a way", tmp_path / "out")

    hold(rows)
    hold(rows.take([3, 1, 0, 2]))
    with pytest.raises(RuntimeError, match="lost or doubled"):
        hold(rows.slice(1))
    with pytest.raises(RuntimeError, match="lost or doubled"):
        hold(rows.take([0, 0, 1, 2]))
    with pytest.raises(RuntimeError, match="answers otherwise"):
        hold(rows.set_column(2, "probability_1", pa.array([0.1, 0.9, 0.2, 0.7])))


def test_a_small_file_has_the_first_rows_of_a_large_one(tmp_path: Path) -> None:
    small = pq.read_table(batch_data.write_parquet(tmp_path / "small.parquet", 300, 100))
    large = pq.read_table(batch_data.write_parquet(tmp_path / "large.parquet", 1000, 400))
    assert large.slice(0, 300).equals(small)
    assert pq.read_metadata(tmp_path / "large.parquet").num_row_groups == 3


def test_a_line_of_a_floor_has_neither_wall_nor_memory() -> None:
    text = table(
        "A model", [Line("floor", 1000, [measured(9.0)], [0.002]), Line("way", 1000, [measured(0.004)])]
    )
    assert "| floor | 1,000 |  |  | 0.00 | 2,000 |  | 1 |" in text
    assert "| way | 1,000 | 1.00 | 1,000 | 0.00 | 4,000 | 0 | 1 |" in text


def test_the_start_is_told_apart_from_the_rows() -> None:
    lines = [Line("1,000", 1000, [measured(0.3)]), Line("101,000", 101_000, [measured(0.4)])]
    assert "299 ms of CPU for the start, 1000 ns for each row" in scales(lines)
