"""What a process of another machine does of a plan: one shard, by its number.

The plan and the model are opened once a process, whatever number of shards it is given.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtimes.batch.engines import threads
from runtimes.batch.errors import JobError
from runtimes.batch.ledger import Done
from runtimes.batch.opened import Opened
from runtimes.batch.plan import read_plan
from runtimes.batch.stores import Stores


@dataclass(frozen=True)
class Task:
    """One shard for another process. ``plan``: its URI. ``root``: the job's folder, "" for the one that this
    very code lies in."""

    plan: str
    endpoint_url: str
    root: str
    index: int


def run_shard(task: Task) -> Done:
    """Do one shard; its output and its marker are there when this returns. Again is as good as once."""
    finished: list[Done] = []
    try:
        threads.run_shards(_open(task), (task.index,), 1, finished.append, _heed_nothing)
    except BaseException:
        _close()
        raise
    (opened,) = _opened.values()
    opened.stores.close()  # nothing is under way between two shards: whoever ends this process leaves nothing
    (done,) = finished
    return done


_opened: dict[tuple[str, str, str], Opened] = {}


def _open(task: Task) -> Opened:
    key = (task.plan, task.endpoint_url, task.root)
    if key not in _opened:
        stores = Stores(task.endpoint_url)
        data = stores.of(task.plan).read(task.plan)
        if data is None:
            raise JobError(f"there is no plan {task.plan}", "plan the job, and name the plan that it prints")
        _close()  # one model at a time: the memory of a worker is counted for one
        _opened[key] = Opened(read_plan(data, task.plan), task.root, stores)
    return _opened[key]


def _close() -> None:
    for opened in _opened.values():
        opened.close()
        opened.stores.close()
    _opened.clear()


def _heed_nothing(_rows: int) -> None:
    """Whoever gave the task counts what is finished."""
