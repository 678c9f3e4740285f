"""The job's commands: plan, run, status."""

from __future__ import annotations

from typing import Any

from runtimes.batch import engines, processors
from runtimes.batch.engines import Work, array
from runtimes.batch.errors import JobError
from runtimes.batch.interruption import Interruption
from runtimes.batch.ledger import Ledger, plan_of, totals
from runtimes.batch.metrics import Metrics
from runtimes.batch.opened import read_model
from runtimes.batch.options import Options
from runtimes.batch.plan import OWN_FOLDER, Planned, name_plan, plan_uri, read_plan
from runtimes.batch.planning import make_plan
from runtimes.batch.progress import Progress
from runtimes.batch.stores import Stores
from runtimes.batch.tally import Tally


def plan(options: Options, stores: Stores) -> dict[str, Any]:
    """Write the plan of a job; what is in it."""
    planned, data = name_plan(make_plan(options, stores))
    Ledger(planned, stores.of(options.output)).check()
    stores.of(options.output).create(planned.uri, data)
    shards = planned.plan.shards
    rows = [shard.cut.rows for shard in shards]
    known = [count for count in rows if count is not None]
    return {
        "plan": planned.uri,
        "digest": planned.digest,
        "shards": len(shards),
        "files": len(planned.plan.files),
        "rows": sum(known) if len(known) == len(rows) else None,
        "bytes": sum(file.size_bytes for file in planned.plan.files),
    }


class Run:
    """One process's work on a plan, which it makes itself or reads."""

    def __init__(self, options: Options, stores: Stores, interruption: Interruption) -> None:
        self._options = options
        self._stores = stores
        self._interruption = interruption
        self._threads = options.threads or processors.count()

    def do(self) -> dict[str, Any]:
        """Do the shards, and complete the output when these were the last ones; the metrics."""
        planned, data = self._planned()
        metrics = Metrics(planned, self._options.engine, self._threads)
        ledger = Ledger(planned, self._stores.of(planned.plan.job.output))
        ledger.claim(data)
        self._stores.of(planned.plan.job.output).sweep(planned.plan.job.output)
        mine = array.chosen(len(planned.plan.shards), self._options.shards, self._options.array_size)
        done = ledger.indexes()
        tally = Tally(planned.plan, mine, ledger.read(index for index in mine if index in done))
        self._work(planned, tally)
        complete = self._complete(ledger, tally, len(planned.plan.shards))
        return metrics.document(tally, self._stores.traffic(), complete)

    def _planned(self) -> tuple[Planned, bytes | None]:
        uri = self._options.plan
        if not uri:
            return name_plan(make_plan(self._options, self._stores))
        data = self._stores.of(uri).read(uri)
        if data is None:
            raise JobError(f"there is no plan {uri}", "name the plan that the command plan printed")
        return read_plan(data, uri), None

    def _work(self, planned: Planned, tally: Tally) -> None:
        tally.check_early()
        left = tuple(index for index in tally.mine if index not in tally.done)
        with Progress(self._options.progress, tally, array.place()):
            if left:
                engine = engines.find(self._options.engine)
                engine.run(
                    Work(
                        planned=planned,
                        root=read_model()[0].root,
                        indexes=left,
                        stores=self._stores,
                        threads=self._threads,
                        ray_address=self._options.ray_address,
                        interruption=self._interruption,
                        finished=tally.finish,
                        advanced=tally.advance,
                    )
                )

    def _complete(self, ledger: Ledger, tally: Tally, shards: int) -> bool:
        """Whoever finds all shards done says so in the output: this process, or another one."""
        done = ledger.indexes()
        if len(done) < shards:
            return False
        others = ledger.read(index for index in sorted(done) if index not in tally.done)
        found = [*tally.done.values(), *others]
        tally.check_all(found)
        ledger.complete(found)
        return True


def status(options: Options, stores: Stores) -> dict[str, Any]:
    """How far the job of an output is."""
    output = options.output
    store = stores.of(output)
    data = store.read(f"{output}/{OWN_FOLDER}/job.json")
    if data is None:
        raise JobError(f"no job has begun in {output}", "name the --output of a job")
    uri = plan_uri(output, plan_of(data, output))
    found = store.read(uri)
    if found is None:
        raise JobError(f"the plan {uri} is gone", "start the job again as it was: it writes its plan")
    planned = read_plan(found, uri)
    ledger = Ledger(planned, store)
    done = ledger.read(sorted(ledger.indexes()))
    found_totals = totals(done)
    return {
        "plan": uri,
        "shards": len(planned.plan.shards),
        "done": len(done),
        "rows_in": found_totals.rows_in,
        "rows_out": found_totals.rows_out,
        "dead_letters": found_totals.dead_letters,
        "complete": ledger.is_complete() and len(done) == len(planned.plan.shards),
    }
