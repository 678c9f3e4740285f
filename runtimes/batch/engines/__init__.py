"""What runs the shards of a plan: threads of this process, or Ray's tasks. Engines schedule, no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from runtimes.batch.interruption import Interruption
from runtimes.batch.ledger import Done
from runtimes.batch.plan import Planned
from runtimes.batch.stores import Stores

MODULES = {"threads": "runtimes.batch.engines.threads", "ray": "runtimes.batch.engines.ray"}


@dataclass(frozen=True)
class Work:
    """What is to be done: ``indexes`` are the shards of the plan that are not done yet.

    ``root``: the job's folder on this machine (manifest.json, model/, lib/, runtimes/). ``threads``: how many
    to predict with, of one process. ``finished`` is called in the thread of ``run``, once for each shard, in
    any order; it raises JobError where the job must end now, which the engine lets through. ``advanced``
    (safe from any thread) may be called with rows that were read of a shard that is not finished.
    """

    planned: Planned
    root: str
    indexes: tuple[int, ...]
    stores: Stores
    threads: int
    ray_address: str
    interruption: Interruption
    finished: Callable[[Done], None]
    advanced: Callable[[int], None]


class Engine(Protocol):
    """What a module of an engine has."""

    def run(self, work: Work) -> None:
        """Do every shard of the work, in this process or by ``worker.run_shard`` in others, and return when
        all are done. It looks at ``work.interruption`` at least every second: InterruptedJobError."""


def find(name: str) -> Engine:
    """The module of an engine."""
    return cast(Engine, import_module(MODULES[name]))
