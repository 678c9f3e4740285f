"""The job on Ray: workers and nodes that are lost, a driver that is asked to leave, what Ray cannot do."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from runtimes.batch.engines.ray import do_shard
from runtimes.batch.engines.worker import Task
from runtimes.batch.errors import JobError
from tests.runtimes.batch import jobs
from tests.runtimes.batch.engines import ray_cluster
from tests.runtimes.batch.engines.running import Machines, clean, end, until

pytestmark = pytest.mark.network

SHARDS = 240
_ROWS = 400


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    return jobs.write_rows(path, jobs.mixed_rows(SHARDS * _ROWS), _ROWS)


def arguments(rows: Path, output: Path) -> tuple[object, ...]:
    return ("--input", rows, "--output", output, "--shard-rows", _ROWS)


def done(output: Path) -> int:
    return len(list(output.glob("_packager/done/*.json")))


def children(pid: int) -> list[str]:
    """The command lines of what a process has started."""
    found = []
    for child in ray_cluster.below(pid):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(Path(f"/proc/{child}/cmdline").read_text())
    return found


def kill_worker(here: Machines) -> None:
    """A process that is at a shard; between two shards there is none for a moment."""
    while not (workers := here.workers()):
        pass
    os.kill(workers[0], signal.SIGKILL)


def test_a_worker_and_then_a_node_are_lost_and_every_byte_is_as_one_thread_writes_it(
    here: Machines, rows: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    assert here.run("threads", *arguments(rows, output), "--threads", 1).code == 0
    expected = jobs.tree(output)
    output.rename(tmp_path / "once")
    driver = here.start("ray", *arguments(rows, output))
    until(lambda: done(output) > SHARDS // 10, driver)
    kill_worker(here)
    until(lambda: done(output) > SHARDS // 4, driver)
    here.ask("lose")
    assert done(output) < SHARDS
    ran = end(driver)
    here.ask("add")
    assert ran.code == 0, ran.err
    found = {name: data for name, data in jobs.tree(output).items() if "/tmp/" not in name}
    assert found == expected
    assert ran.metrics["rows_in"] == ran.metrics["rows_out"] == SHARDS * _ROWS


def test_a_driver_that_is_asked_to_leave_leaves_at_once_and_is_gone_on_with(
    here: Machines, rows: Path, tmp_path: Path
) -> None:
    driver = here.start("ray", *arguments(rows, tmp_path / "out"))
    until(lambda: done(tmp_path / "out") > SHARDS // 10, driver)
    driver.send_signal(signal.SIGTERM)
    ran = end(driver)
    assert (ran.code, "interrupted by SIGTERM" in ran.err) == (75, True)
    until(lambda: not here.workers())
    before = done(tmp_path / "out")
    assert before < SHARDS
    ran = here.run("ray", *arguments(rows, tmp_path / "out"))
    assert ran.code == 0, ran.err
    assert ran.metrics["shards"]["done_before"] == before


def test_without_a_cluster_it_starts_a_ray_of_its_own(here: Machines, rows: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {**clean(), "PYTHONPATH": str(here.root), "HOME": str(home)}
    command = [str(here.python), "-m", "runtimes.batch", *map(str, arguments(rows, tmp_path / "out"))]
    ran = subprocess.run(
        [*command, "--engine", "ray", "--threads", "1"],
        env=env, cwd=here.root, capture_output=True, text=True, timeout=jobs.TIMEOUT_S,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert done(tmp_path / "out") == SHARDS
    assert list(home.iterdir()) == []  # a token of Ray's is not left in it


def test_a_signal_while_ray_starts_asks_for_another_try(here: Machines, rows: Path, tmp_path: Path) -> None:
    env = {**clean(), "PYTHONPATH": str(here.root), "HOME": str(tmp_path)}
    command = [str(here.python), "-m", "runtimes.batch", *map(str, arguments(rows, tmp_path / "out"))]
    driver = subprocess.Popen(
        [*command, "--engine", "ray", "--threads", "1"],
        env=env, cwd=here.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: any("gcs_server" in line for line in children(driver.pid)), driver)
    driver.send_signal(signal.SIGTERM)
    ran = end(driver)
    assert (ran.code, "interrupted by SIGTERM" in ran.err) == (75, True), ran.err
    assert done(tmp_path / "out") == 0


def test_a_job_without_ray_says_what_to_install(here: Machines, rows: Path, tmp_path: Path) -> None:
    driver = jobs.run(here.root, *arguments(rows, tmp_path / "out"), "--engine", "ray")
    assert driver.code == 2
    assert "--engine ray needs Ray, which is not installed here" in driver.err
    assert "hint: pip install 'ray" in driver.err


def test_a_node_that_does_not_see_the_plan_says_where_it_must_be() -> None:
    error = do_shard(Task("/not/on/this/node/plan.json", "", "", 0))
    assert isinstance(error, JobError)
    assert "does not see /not/on/this/node/plan.json" in error.message
    assert "on S3, or on a disk that all mount there" in error.hint
