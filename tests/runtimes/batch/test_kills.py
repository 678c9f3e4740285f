"""A job that is killed at any moment and started again gives the bytes of one that nobody disturbed."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from tests.runtimes.batch import jobs
from tests.runtimes.batch.forked import Forked

STORES = ("disk", "s3")
ROWS_OF_A_SHARD = 100
QUIET = ("--shard-rows", str(ROWS_OF_A_SHARD), "--progress", "none")


@dataclass(frozen=True)
class Case:
    """A job, and how a test looks at its output."""

    root: Path
    source: str
    output: str
    options: tuple[str, ...]
    environment: dict[str, str]
    kills: int
    tree: Callable[[], dict[str, bytes]]
    clear: Callable[[], None]

    def start(self) -> "subprocess.Popen[str]":
        """Start the job and go on."""
        return jobs.start(self.root, *self.arguments, **self.environment)

    def finish(self) -> dict[str, bytes]:
        """Let the job come to its end; all that lies in its output then."""
        ran = jobs.run(self.root, *self.arguments, **self.environment)
        assert ran.code == 0, ran.err
        assert ran.metrics["complete"] is True
        return self.tree()

    @property
    def arguments(self) -> list[str]:
        """The job's command line."""
        return ["--input", self.source, "--output", self.output, *self.options]


def with_bad_rows(rows: pa.Table) -> pa.Table:
    """The rows with some that the model does not take."""
    ages = rows["age"].to_pylist()
    ages[5::50] = [float("inf")] * len(ages[5::50])
    return rows.set_column(2, "age", pa.array(ages, pa.float32()))


def differences(
    found: dict[str, bytes], expected: dict[str, bytes]
) -> dict[str, tuple[bytes | None, bytes | None]]:
    """The files that differ, with what is in them and what should be."""
    names = sorted(found.keys() | expected.keys())
    return {
        name: (found.get(name), expected.get(name)) for name in names if found.get(name) != expected.get(name)
    }


def on_disk(root: Path, folder: Path) -> Case:
    """Input and output on this machine's disk."""
    for number in range(2):
        rows = with_bad_rows(jobs.mixed_rows(15 * ROWS_OF_A_SHARD, number))
        jobs.write_rows(folder / "in" / f"{number}.parquet", rows, ROWS_OF_A_SHARD)
    output = folder / "out"
    return Case(
        root,
        str(folder / "in"),
        str(output),
        QUIET,
        {},
        36,
        lambda: jobs.tree(output),
        lambda: shutil.rmtree(output),
    )


def on_s3(root: Path, folder: Path, endpoint: str) -> Case:
    """Input and output in a bucket of a server."""
    import boto3

    session = boto3.Session("test", "test", region_name="us-east-1")
    bucket = session.resource("s3", endpoint_url=endpoint).create_bucket(Bucket="killed")
    bucket.objects.all().delete()  # servers of one process have the same buckets
    for number in range(2):
        rows = jobs.mixed_rows(10 * ROWS_OF_A_SHARD, number)
        file = jobs.write_rows(folder / f"{number}.parquet", rows, ROWS_OF_A_SHARD)
        bucket.upload_file(str(file), f"in/{file.name}")
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

    def tree() -> dict[str, bytes]:
        return {one.key: one.get()["Body"].read() for one in bucket.objects.filter(Prefix="out/")}

    def clear() -> None:
        bucket.objects.filter(Prefix="out/").delete()

    options = (*QUIET, "--endpoint-url", endpoint)
    temporary = folder / "tmp"
    temporary.mkdir()
    environment = {**keys, "TMPDIR": str(temporary)}
    return Case(root, "s3://killed/in", "s3://killed/out", options, environment, 16, tree, clear)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return jobs.mixed_root(tmp_path_factory.mktemp("killed") / "job")


@pytest.fixture(params=STORES)
def case(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Iterator[Case]:
    """A job on each kind of store."""
    if request.param == "disk":
        yield on_disk(root, tmp_path)
        return
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield on_s3(root, tmp_path, f"http://{host}:{port}")
    server.stop()


def test_sigkill_at_any_moment_changes_no_byte(case: Case, tmp_path: Path) -> None:
    seed = int(os.environ.get("KILLS_SEED", random.randrange(10**6)))
    print(f"KILLS_SEED={seed}")
    chance, forked, says = random.Random(seed), Forked(case.root, **case.environment), tmp_path / "says"
    assert forked.run(case.arguments, says) == 0, says.read_text()
    undisturbed = case.tree()
    case.clear()
    began = time.monotonic()
    assert forked.run(case.arguments, says) == 0, says.read_text()
    assert case.tree() == undisturbed
    longest_s = time.monotonic() - began
    kills = left_over = 0
    while kills < case.kills:
        case.clear()
        for _ in range(4):
            ended = forked.run(case.arguments, says, chance.uniform(0, 0.7) * longest_s)
            kills += ended == -signal.SIGKILL
            left_over += len(case.tree().keys() - undisturbed.keys())
        assert forked.run(case.arguments, says) == 0, says.read_text()
        assert differences(case.tree(), undisturbed) == {}
    forked.close()
    assert any("/dead-letters/" in name for name in undisturbed) or case.output.startswith("s3:")
    assert left_over or case.output.startswith("s3:"), "no kill fell into the work"


def test_sigterm_ends_the_job_within_seconds_with_the_code_that_asks_for_another_try(case: Case) -> None:
    undisturbed = case.finish()
    case.clear()
    for delay_s in (0.1, 0.45, 0.5, 0.55, 0.6):
        process = case.start()
        time.sleep(delay_s)
        process.terminate()
        began = time.monotonic()
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 10
        assert process.returncode in (75, 0), err
        if process.returncode == 75 and err:
            assert "interrupted by SIGTERM" in err
    assert not [name for name in case.tree() if "/tmp/" in name]
    assert differences(case.finish(), undisturbed) == {}
