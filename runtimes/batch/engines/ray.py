"""Ray's tasks, one for each shard: on processors of this machine, or on a cluster that is there already.

Ray runs a shard again when its worker or its node is lost. What a shard failed by itself is told as it is.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from itertools import islice
from typing import Any

from runtimes.batch.engines import Work, worker
from runtimes.batch.engines.worker import Task
from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.ledger import Done

IN_FLIGHT = 1000
"""Tasks that Ray has at once: enough for any cluster to see what there is to do, however long the plan."""
RETRIES = 5
"""How often a shard is run again after its worker or node was lost: one that ends them all ends the job."""
_LOOK_S = 0.5
_STORE_BYTES = 80 << 20
"""Shared memory of a Ray of this process's own: nothing but markers goes through it."""
_SUBMITTED = "RAY_JOB_CONFIG_JSON_ENV_VAR"


def run(work: Work) -> None:
    """Do every shard of the work."""
    address = work.ray_address or os.environ.get("RAY_ADDRESS", "")
    ray = _imported(alone=not address)
    # What Ray tells of its nodes it prints; standard output is for the metrics.
    with redirect_stdout(sys.stderr), _connected(ray, work, address) as root:
        work.interruption.catch_signals()  # Ray has set handlers of its own
        try:
            _dispatch(ray, work, root)
        except ray.exceptions.RayTaskError as error:
            raise _of_task(error) from error
        except (ray.exceptions.RayError, ConnectionError) as error:
            raise TryAgainError(
                f"Ray lost what it was doing: {_first_line(error)}",
                "start the same command again: it goes on from there",
            ) from error


def _dispatch(ray: Any, work: Work, root: str) -> None:
    """Keep some tasks in flight until all shards are done."""
    job = work.planned.plan.job
    shard = ray.remote(num_cpus=1, max_retries=RETRIES)(do_shard)
    waiting = iter(work.indexes)
    flying: list[Any] = []
    while True:
        for index in islice(waiting, IN_FLIGHT - len(flying)):
            flying.append(shard.remote(Task(work.planned.uri, job.endpoint_url, root, index)))
        if not flying:
            return
        _, flying = _landed(ray, work, flying)


def _landed(ray: Any, work: Work, flying: list[Any]) -> tuple[list[Any], list[Any]]:
    """Wait a little, and take in whatever has finished."""
    work.interruption.check()
    first, rest = ray.wait(flying, timeout=_LOOK_S)
    more, rest = ray.wait(rest, num_returns=len(rest), timeout=0) if first and rest else ([], rest)
    for answer in ray.get(first + more):
        if isinstance(answer, JobError):
            raise answer
        work.finished(answer)
    return first + more, rest


def do_shard(task: Task) -> Done | JobError:
    """In a worker's process: the marker, or why there is none."""
    try:
        if not task.plan.startswith("s3://") and not os.path.exists(task.plan):
            raise JobError(
                f"the node {os.uname().nodename} does not see {task.plan}",
                "on several machines input and output must be on S3, or on a disk that all mount there",
            )
        return worker.run_shard(task)
    except JobError as error:
        return error


@contextmanager
def _connected(ray: Any, work: Work, address: str) -> Iterator[str]:
    """Join the cluster of the address, or start a Ray of this process's own; where its workers find the job
    ("": beside their code). At the end Ray ends what this job still has under way."""
    try:
        _open(ray, work, address)
        yield "" if address else work.root
    except SystemExit:  # while it starts, Ray has a handler of its own for SIGTERM
        work.interruption.interrupt(signal.SIGTERM)
        raise
    finally:
        ray.shutdown()


def _open(ray: Any, work: Work, address: str) -> None:
    try:
        if address:
            _join(ray, address, work.root)
        else:
            _start(ray, work.threads)
    except ConnectionError as error:
        raise TryAgainError(
            f"the Ray cluster {address} does not answer: {_first_line(error)}", "see --ray-address"
        ) from error
    except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        hint = "see --ray-address; a cluster's token is read from RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
        raise JobError(f"Ray does not start: {_first_line(error)}", hint) from error


def _join(ray: Any, address: str, root: str) -> None:
    """The job's folder goes to every node, unless Ray was given it when the job was submitted to it."""
    environment = None if _SUBMITTED in os.environ else {"working_dir": root}
    ray.init(address, runtime_env=environment, log_to_driver=False, logging_level="ERROR")


def _start(ray: Any, processors: int) -> None:
    ray.init(
        "local", num_cpus=processors, object_store_memory=_STORE_BYTES, include_dashboard=False,
        log_to_driver=False, logging_level="ERROR",
    )  # fmt: skip


def _imported(alone: bool) -> Any:
    """Ray, which reads these variables as it is imported; by itself it would write a token into the home."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if alone and "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ImportError as error:
        raise JobError(
            f"--engine ray needs Ray, which is not installed here ({error})",
            "pip install 'ray>=2.40' beside what requirements.txt names",
        ) from None
    return ray


def _of_task(error: Any) -> BaseException:
    """What a task died of that was no failure of the job: a node without its packages, or a bug."""
    cause: BaseException = error.cause
    if isinstance(cause, ImportError):
        return JobError(
            f"a node of the Ray cluster cannot import {cause.name or cause}",
            "install what the job's requirements.txt names in the environment of every node",
        )
    return cause


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
