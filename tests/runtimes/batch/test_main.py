"""The job as a process: exit codes, sentences in place of tracebacks, signals, two jobs at once."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from tests.runtimes.batch import jobs


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return jobs.mixed_root(tmp_path_factory.mktemp("ran") / "job")


def test_a_job_prints_its_metrics_alone_and_says_the_rest_on_stderr(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(300))
    ran = jobs.run(root, "--input", source, "--output", tmp_path / "out")
    assert ran.code == 0
    assert ran.metrics["rows_out"] == 300
    (line,) = ran.err.splitlines()
    assert json.loads(line)["rows"] == 300


@pytest.mark.parametrize(
    ("progress", "redirect"),
    [("json", "2>/dev/full"), ("bar", "2>/dev/full"), ("json", "<&- 2>&-"), ("bar", ">&- 2>&-")],
)
def test_a_job_is_done_though_nobody_listens(
    root: Path, tmp_path: Path, progress: str, redirect: str
) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(300))
    given = jobs.command("--input", source, "--output", tmp_path / "out", "--progress", progress)
    shell = ["sh", "-c", f'exec "$@" {redirect}', "sh", *given]
    ran = subprocess.run(shell, env=jobs.environment(root), cwd=root, capture_output=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert (">&- 2" in redirect) or json.loads(ran.stdout)["complete"]
    assert jobs.answers(tmp_path / "out").num_rows == 300


def test_metrics_that_nobody_can_read_are_a_failure_in_a_sentence(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(3))
    given = jobs.command("--input", source, "--output", tmp_path / "out")
    shell = ["sh", "-c", 'exec "$@" >/dev/full', "sh", *given]
    ran = subprocess.run(
        shell, env=jobs.environment(root), cwd=root, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert "No space left on device" in ran.stderr and "Traceback" not in ran.stderr


def test_a_bar_is_drawn_where_it_is_asked_for(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(300))
    ran = jobs.run(root, "--input", source, "--output", tmp_path / "out", "--progress", "bar")
    assert (ran.code, ran.metrics["rows_out"]) == (0, 300)
    assert "300/300" in ran.err and "dead_letters=0" in ran.err


def test_mistakes_end_with_a_sentence_and_exit_code_2(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(3).drop_columns(["age"]))
    damaged = tmp_path / "b.parquet"
    damaged.write_bytes(b"PAR1" + bytes(40))
    cut = tmp_path / "c.csv.gz"
    cut.write_bytes(gzip.compress(b"id,city,age,rooms\n" + b"1,Bern,2,3\n" * 9999)[:-40])
    for given, said in {
        (source,): "error: .*a.csv: the columns do not fit",
        (damaged,): "error: .*b.parquet cannot be read as Parquet",
        (cut,): "c.csv.gz",
        (tmp_path / "*.jsonl",): "error: there is no file",
        (source, "--map", "nonsense=city"): "nonsense",
    }.items():
        ran = jobs.run(root, "--input", *given, "--output", tmp_path / "out")
        assert (ran.code, ran.out) == (2, ""), ran.err
        assert "Traceback" not in ran.err
        assert re.search(said, ran.err), ran.err
        assert not jobs.parts(tmp_path / "out")


def run_without_packages(root: Path, *arguments: object, path: Path) -> jobs.Ran:
    """The job with nothing installed but what lies in ``path``."""
    command = [sys.executable, "-S", "-m", "runtimes.batch", *map(str, arguments)]
    own = {"PYTHONPATH": f"{jobs.REPOSITORY}:{path}", "MODEL_ROOT": str(root)}
    ran = subprocess.run(command, env=own, capture_output=True, text=True, timeout=jobs.TIMEOUT_S)
    return jobs.Ran(ran.returncode, ran.stdout, ran.stderr)


def test_a_package_that_is_not_there_is_named_with_what_installs_it(root: Path, tmp_path: Path) -> None:
    given = ("--input", "s3://in/a.csv", "--output", tmp_path / "out")
    bare = run_without_packages(root, *given, path=tmp_path)
    assert (bare.code, bare.out) == (2, "")
    first, second = bare.err.splitlines()
    assert first == f"error: the package pyarrow is not installed for {sys.executable}"
    assert second.endswith("-m pip install pyarrow")
    (tmp_path / "pyarrow").symlink_to(Path(pa.__file__).parent)
    without_boto3 = run_without_packages(root, *given, path=tmp_path)
    assert without_boto3.code == 2
    assert without_boto3.err.startswith("error: the package boto3 is not installed")
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(3))
    with_bar = ("--input", source, "--output", tmp_path / "out", "--progress", "bar")
    without_bar = run_without_packages(root, *with_bar, path=tmp_path)
    assert (without_bar.code, json.loads(without_bar.err)["rows"]) == (0, 3)


def test_a_fault_of_our_own_is_one_line_unless_it_is_asked_for(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(3))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "tqdm.py").write_text("raise ValueError('a fault')")
    given = ("--input", source, "--output", tmp_path / "out", "--progress", "bar")
    search = {"PYTHONPATH": f"{broken}:{jobs.REPOSITORY}"}
    ran = jobs.run(root, *given, **search)
    assert ran.code == 2
    assert "error: a fault in the job's own code: ValueError: a fault" in ran.err
    assert "Traceback" not in ran.err
    assert "Traceback" in jobs.run(root, *given, **search, PACKAGER_TRACEBACK="1").err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_long_shard_drops_it(
    root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(150_000))
    process = jobs.start(root, "--input", source, "--output", tmp_path / "out", "--threads", "1")
    under_way = tmp_path / "out" / "_packager" / "tmp"
    while process.poll() is None and not list(under_way.glob("*/part-*")):
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 75, err
    assert f"error: interrupted by {number.name}; what is done stays done" in err
    assert not jobs.parts(tmp_path / "out")
    assert not list(under_way.glob("*"))


def test_a_signal_before_the_job_has_begun_asks_for_another_try(root: Path, tmp_path: Path) -> None:
    process = jobs.start(root, "--input", tmp_path, "--output", tmp_path / "out")
    maps = Path(f"/proc/{process.pid}/maps")
    while process.poll() is None and "libarrow" not in maps.read_text():
        time.sleep(0.002)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75


@pytest.mark.parametrize("remote", ["--input", "--output"])
def test_a_signal_is_heard_while_a_store_does_not_answer(root: Path, tmp_path: Path, remote: str) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(10))
    places = {"--input": str(source), "--output": str(tmp_path / "out"), remote: "s3://bucket/x"}
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        given = [word for pair in places.items() for word in pair]
        process = jobs.start(root, *given, "--endpoint-url", endpoint, **keys)
        connection, _ = silent.accept()
        connection.recv(1)
        began = time.monotonic()
        process.terminate()
        _, err = process.communicate(timeout=60)
        connection.close()
    assert process.returncode == 75
    assert "interrupted by SIGTERM" in err
    assert time.monotonic() - began < 15


def test_two_jobs_on_one_output_at_once_both_end_well(root: Path, tmp_path: Path) -> None:
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(4000), 100)
    given = ("--input", source, "--output", tmp_path / "out", "--shard-rows", "100", "--progress", "none")
    jobs.run(root, *given)
    alone = jobs.tree(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "before")
    both = [jobs.start(root, *given) for _ in range(2)]
    ended = [process.communicate(timeout=jobs.TIMEOUT_S) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert [json.loads(out)["rows_out"] for out, _ in ended] == [4000, 4000]
    assert jobs.tree(tmp_path / "out") == alone


def test_what_a_dead_job_had_under_way_is_swept_and_what_a_living_one_has_is_not(
    root: Path, tmp_path: Path
) -> None:
    source = jobs.write_rows(tmp_path / "a.csv", jobs.mixed_rows(150_000))
    given = ("--input", source, "--output", tmp_path / "out", "--progress", "none")
    under_way = tmp_path / "out" / "_packager" / "tmp"
    living = jobs.start(root, *given)
    while living.poll() is None and not list(under_way.glob("*/part-*")):
        time.sleep(0.005)
    os.kill(living.pid, signal.SIGSTOP)
    held = set(under_way.glob("*"))
    dead = jobs.start(root, *given)
    while dead.poll() is None and all(part.parent in held for part in under_way.glob("*/part-*")):
        time.sleep(0.005)
    dead.kill()
    dead.communicate()
    assert jobs.run(root, *given).code == 0
    assert set(under_way.glob("*")) == held
    os.kill(living.pid, signal.SIGCONT)
    _, err = living.communicate(timeout=jobs.TIMEOUT_S)
    assert living.returncode == 0, err
    assert not list(under_way.glob("*"))
    assert jobs.answers(tmp_path / "out").num_rows == 150_000


def test_a_job_reads_plans_and_ends_without_numpy_and_pandas(root: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    for name in ("numpy", "pandas"):
        (hidden / name).mkdir(parents=True)
        (hidden / name / "__init__.py").write_text("raise ImportError('not here')")
    source = jobs.write_rows(tmp_path / "a.parquet", jobs.mixed_rows(300))
    search = f"{hidden}:{jobs.REPOSITORY}"
    ran = jobs.run(root, "--input", source, "--output", tmp_path / "out", PYTHONPATH=search)
    assert ran.code == 0, ran.err
    assert ran.metrics["rows_out"] == 300
