"""The engine of one machine: all shards in this process, as many threads predicting as it has processors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runtimes.batch.engines import Work
from runtimes.batch.ledger import Done
from runtimes.batch.opened import Opened
from runtimes.batch.pipeline import Pipeline

_LEAVING_S = 3.0
"""How long threads may take to leave; what they leave behind is swept by the next run."""


def run(work: Work) -> None:
    """Do every shard of the work."""
    opened = Opened(work.planned, work.root, work.stores)
    try:
        run_shards(opened, work.indexes, work.threads, work.finished, work.advanced, work.interruption.check)
    finally:
        opened.close()


def run_shards(
    opened: Opened,
    indexes: Iterable[int],
    threads: int,
    finished: Callable[[Done], None],
    advanced: Callable[[int], None],
    check: Callable[[], None] | None = None,
) -> None:
    """Do these shards with a model that is open; ``check`` is asked every second whether to go on."""
    shards = opened.planned.plan.shards
    pipeline = Pipeline(opened, threads, advanced)
    try:
        pipeline.start(shards[index] for index in indexes)
        for done in pipeline.results(check):
            finished(done)
    finally:
        pipeline.end(_LEAVING_S)
