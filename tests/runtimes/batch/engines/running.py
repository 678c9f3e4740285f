"""Runs a job on each engine: threads of one process, tasks of a Ray cluster, children of an array job."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager import environments
from packager.recipes import Recipe
from tests.runtimes.batch import jobs
from tests.runtimes.batch.engines import ray_cluster
from tests.runtimes.batch.jobs import Ran

RAY = Recipe("batch-ray", lock="batch_ray", pythons=("current",))
CHILDREN = 3
_STARTS_S, _PATIENCE_S = 120, 60


def lay_job(path: Path) -> Path:
    """The job as a folder of its own, with the code of this checkout in it: what goes to a cluster."""
    jobs.mixed_root(path)
    for part in ("core", "batch"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(jobs.REPOSITORY / "runtimes" / part, path / "runtimes" / part, ignore=ignored)
    shutil.copy(jobs.REPOSITORY / "runtimes" / "__init__.py", path / "runtimes" / "__init__.py")
    return path


@dataclass(frozen=True, slots=True)
class Machines:
    """A job's folder, and a Ray cluster of two nodes whose processes know nothing of it."""

    root: Path
    address: str
    python: Path
    token: str
    cluster: "subprocess.Popen[str]"

    def start(self, engine: str, *arguments: object, **changes: str) -> "subprocess.Popen[str]":
        """Start one process of a job: with Ray its driver."""
        on_ray = ("--engine", "ray", "--ray-address", self.address)
        command = [str(self.python if engine == "ray" else sys.executable), "-m", "runtimes.batch"]
        env = {
            **clean(),
            "PYTHONPATH": str(self.root),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
        }
        return subprocess.Popen(
            [*command, *map(str, arguments), *(on_ray if engine == "ray" else ())],
            env={**env, **changes},
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, engine: str, *arguments: object) -> Ran:
        """Run a job to its end on an engine: an array is planned first, and its worst child counts."""
        if engine != "array":
            return end(self.start(engine, *arguments))
        return max(self.children(*arguments), key=lambda ran: ran.code)

    def children(self, *arguments: object) -> list[Ran]:
        """A plan, and all children of an array job over it at once."""
        if "--plan" not in arguments:
            planned = end(self.start("threads", "plan", *arguments))
            if planned.code:
                return [planned]
            arguments = ("--plan", planned.metrics["plan"])
        started = [
            self.start(
                "threads", "run", *arguments, "--array-size", CHILDREN, AWS_BATCH_JOB_ARRAY_INDEX=str(n)
            )
            for n in range(CHILDREN)
        ]
        return [end(child) for child in started]

    def ask(self, line: str) -> None:
        """Tell the cluster to lose its second node, or to add one."""
        assert self.cluster.stdin is not None and self.cluster.stdout is not None
        self.cluster.stdin.write(f"{line}\n")
        self.cluster.stdin.flush()
        assert self.cluster.stdout.readline().strip() == "done"

    def workers(self) -> list[int]:
        """The processes of Ray that are at a shard right now."""
        found = []
        for pid in ray_cluster.below(self.cluster.pid):
            try:
                title = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::do_shard"):
                found.append(pid)
        return found


def clean() -> dict[str, str]:
    """This process's environment without what would say where a job or a cluster is."""
    foreign = ("MODEL_ROOT", "PYTHONPATH", "RAY_", "AWS_BATCH")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def end(process: "subprocess.Popen[str]") -> Ran:
    """Wait for a process of a job."""
    out, err = process.communicate(timeout=jobs.TIMEOUT_S)
    return Ran(process.returncode, out, err)


@contextmanager
def machines(root: Path) -> Iterator[Machines]:
    """The cluster, which is gone with all of its processes afterwards."""
    python, token = environments.find(RAY).python, secrets.token_hex(32)
    env = {**clean(), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"}
    log = root.parent / "cluster.log"
    with log.open("w") as errors, subprocess.Popen(
        [str(python), ray_cluster.__file__], env=env, cwd=root.parent, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
    ) as cluster:  # fmt: skip
        try:
            assert cluster.stdout is not None and cluster.stdin is not None
            address = next((line for line in cluster.stdout if ":" in line), "").strip()
            assert address, log.read_text()
            yield Machines(root, address, python, token, cluster)
        finally:
            if cluster.stdin is not None:
                cluster.stdin.close()
            try:
                cluster.wait(_STARTS_S)
            except subprocess.TimeoutExpired:
                cluster.send_signal(signal.SIGTERM)


def until(happened: Callable[[], object], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait for it; not longer than the process that it would happen in."""
    deadline = time.monotonic() + _PATIENCE_S
    while not happened():
        assert process is None or process.poll() is None, end(process)
        assert time.monotonic() < deadline
        time.sleep(0.005)
