"""Jobs as processes that are forked from one that has imported everything: many are killed in little time.

``python -m tests.runtimes.batch.forked`` reads a JSON line for each job, with when to kill it,
and answers with its exit code: of one that was killed, minus the signal.
"""

import json
import os
import select
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from tests.runtimes.batch import jobs

IMPORTS = (
    "boto3",
    "runtimes.batch.__main__",
    "runtimes.batch.engines.threads",
    "runtimes.batch.formats.parquet",
    "runtimes.batch.stores.local",
    "runtimes.batch.stores.s3",
    "runtimes.batch.writers.parquet",
    "runtimes.core.engines.onnxruntime_c",
)


class Forked:
    """A process that forks jobs; one at a time."""

    def __init__(self, root: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.runtimes.batch.forked"],
            env=jobs.environment(root, **environment),
            cwd=jobs.REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: list[str], says: Path, kill_after_s: float | None = None) -> int:
        """Run a job, which says all it has to say into a file; its exit code."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps([arguments, str(says), kill_after_s]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=jobs.TIMEOUT_S)


def _serve() -> None:
    for name in IMPORTS:
        import_module(name)
    for line in sys.stdin:
        arguments, says, kill_after_s = json.loads(line)
        pid = os.fork()
        if not pid:
            _become_job(arguments, says)
        if kill_after_s is not None and not select.select([os.pidfd_open(pid)], [], [], kill_after_s)[0]:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become_job(arguments: list[str], says: str) -> None:
    from runtimes.batch.__main__ import _leave, main

    file = os.open(says, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    _leave(main(arguments))


if __name__ == "__main__":
    _serve()
