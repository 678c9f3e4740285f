"""What the shards of a run come to: rows, dead letters by reason, and whether these are too many."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from decimal import Decimal

from runtimes.batch.errors import JobError
from runtimes.batch.ledger import Done, Totals, totals
from runtimes.batch.plan import OWN_FOLDER, Plan


class Tally:
    """Counts from any thread. ``before``: shards that earlier runs did."""

    def __init__(self, plan: Plan, mine: Iterable[int], before: Iterable[Done]) -> None:
        self._lock = threading.Lock()
        self._limit = plan.job.max_bad_rows
        self._where = f"{plan.job.output}/{OWN_FOLDER}/dead-letters says what is wrong with each"
        self._rows_of = [shard.cut.rows for shard in plan.shards]
        self._bytes_of = [sum(length for _, length in shard.cut.spans) for shard in plan.shards]
        self.mine = tuple(mine)
        self.done = {done.shard: done for done in before}
        self.done_before = len(self.done)
        self.rows_before = sum(done.rows_in for done in self.done.values())
        self._dead_letters = sum(done.dead_letters for done in self.done.values())
        self._rows_of_plan = _sum(self._rows_of)
        self._under_way = 0

    def advance(self, rows: int) -> None:
        """Rows of a shard that is not finished."""
        with self._lock:
            self._under_way += rows

    def finish(self, done: Done) -> None:
        """A shard is done; JobError when there are too many dead letters by now."""
        with self._lock:
            self.done[done.shard] = done
            self._dead_letters += done.dead_letters
            self._under_way = max(0, self._under_way - done.rows_in)
        self.check_early()

    @property
    def dead_letters(self) -> int:
        """Of all shards that are done."""
        return self._dead_letters

    @property
    def rows(self) -> int:
        """Read so far, of shards that are done and that are not."""
        return sum(done.rows_in for done in list(self.done.values())) + self._under_way

    @property
    def rows_in_all(self) -> int | None:
        """Of the shards of this run, where their files say so."""
        return _sum([self._rows_of[index] for index in self.mine])

    @property
    def share(self) -> float:
        """How much of this run's shards is done: by rows, else by bytes."""
        if total := self.rows_in_all:
            return min(1.0, self.rows / total)
        size = sum(self._bytes_of[index] for index in self.mine)
        return sum(self._bytes_of[index] for index in list(self.done)) / size if size else 1.0

    def check_early(self) -> None:
        """What no further row can mend is refused at once."""
        if self._limit is not None and self._dead_letters > self._allowed(self._rows_of_plan):
            raise self._too_many(totals(self.done.values()))

    def check_all(self, done: list[Done]) -> None:
        """Hold all shards of the plan to each other: rows that are in must come out."""
        for one in done:
            expected = self._rows_of[one.shard]
            if one.rows_in != one.rows_out + one.dead_letters or expected not in (None, one.rows_in):
                raise JobError(
                    f"shard {one.shard} had {one.rows_in} rows, and has {one.rows_out} answers and"
                    f" {one.dead_letters} dead letters",
                    "remove its marker, and start again",
                )
        found = totals(done)
        if found.rows_in and not found.rows_out and self._limit is None:
            raise JobError(
                f"all {found.rows_in} rows are bad: {_listed(found.reasons)}",
                f"{self._where}; --max-bad-rows 100% takes it so",
            )
        if self._limit is not None and found.dead_letters > self._allowed(found.rows_in):
            raise self._too_many(found)  # also for what other processes have done

    def _allowed(self, rows: int | None) -> float:
        """``rows``: of the whole plan, which a share is of; None where nobody knows yet."""
        limit = self._limit or ""
        if not limit.endswith("%"):
            return int(limit)
        return math.inf if rows is None else int(rows * Decimal(limit[:-1]) / 100)

    def _too_many(self, found: Totals) -> JobError:
        return JobError(
            f"{found.dead_letters} rows are bad, more than --max-bad-rows {self._limit} allows:"
            f" {_listed(found.reasons)}",
            f"{self._where}; with a higher limit the job goes on from here",
        )


def _sum(rows: list[int | None]) -> int | None:
    known = [count for count in rows if count is not None]
    return sum(known) if len(known) == len(rows) else None


def _listed(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items())
