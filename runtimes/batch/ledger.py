"""What an output says of its own job: whose it is, which shards are done, and that all of them are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from runtimes.batch.errors import JobError
from runtimes.batch.plan import OWN_FOLDER, Planned, canonical
from runtimes.batch.stores import Store, store_of
from runtimes.batch.work import Shard

SCHEMA_VERSION = 1
_READERS = 16


@dataclass(frozen=True)
class Done:
    """A shard that is done, as its marker says. The names of its files are relative to the output."""

    shard: int
    identity: str
    part: str
    sha256: str
    size_bytes: int
    rows_in: int
    rows_out: int
    dead_letters: int
    reasons: dict[str, int] = field(default_factory=dict)
    dead_letter_file: str | None = None
    dead_letter_sha256: str | None = None


class Ledger:
    """The record of one plan's work in its output."""

    def __init__(self, planned: Planned, store: Store | None = None) -> None:
        self._planned = planned
        self._output = planned.plan.job.output
        self._store = store or store_of(self._output, planned.plan.job.endpoint_url)

    def check(self) -> None:
        """JobError when the output belongs to another job."""
        data = self._store.read(self._own("job.json"))
        if data is not None and _identity(data) != self._planned.identity:
            raise JobError(
                f"the output {self._output} is another job's: of another model, input, or other options",
                "name an empty output, or start that job again as it was",
            )

    def claim(self, plan: bytes | None = None) -> None:
        """Make the output this plan's, or find that it is; JobError when it is another's. ``plan``: its
        bytes, where they may not be there yet."""
        self.check()
        if plan is not None:
            self._store.create(self._planned.uri, plan)
        document = {
            "schema_version": SCHEMA_VERSION,
            "plan": self._planned.digest,
            "identity": self._planned.identity,
        }
        if not self._store.create(self._own("job.json"), canonical(document)):
            self.check()

    def mark(self, done: Done) -> None:
        """Say that a shard's output is there, whole."""
        self._store.create(self._own(f"done/{self._marker(done.shard)}"), canonical(asdict(done)))

    def indexes(self) -> set[int]:
        """The shards that are done."""
        names = self._store.names(self._own("done"))
        return {shard.index for shard in self._planned.plan.shards if self._marker(shard.index) in names}

    def read(self, indexes: Iterable[int]) -> list[Done]:
        """The markers of these shards, which are done."""
        pool = ThreadPoolExecutor(_READERS)
        try:
            return [done for done in pool.map(self.find, indexes) if done is not None]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever is interrupted does not wait for a store

    def find(self, index: int) -> Done | None:
        """The marker of a shard; None while it is not done."""
        place = self._own(f"done/{self._marker(index)}")
        data = self._store.read(place)
        try:
            return None if data is None else Done(**json.loads(data))
        except (ValueError, TypeError):
            raise JobError(f"{place} is no marker of a shard", "remove it, and start again") from None

    def complete(self, done: Iterable[Done]) -> dict[str, object]:
        """Write the output's manifest, of all shards' markers; what it says."""
        ordered = sorted(done, key=lambda one: one.shard)
        document: dict[str, object] = {
            "schema_version": SCHEMA_VERSION,
            "identity": self._planned.identity,
            "model": asdict(self._planned.plan.model),
            "answers": self._planned.plan.answers,
            "parts": [asdict(one) for one in ordered],
            **asdict(totals(ordered)),
        }
        place, data = self._own("manifest.json"), canonical(document)
        if not self._store.create(place, data) and self._store.read(place) != data:
            raise JobError(f"{place} says something else than the shards do", "name an empty output")
        return document

    def is_complete(self) -> bool:
        """Whether the output's manifest is there."""
        return self._store.read(self._own("manifest.json")) is not None

    def _marker(self, index: int) -> str:
        return f"{index:05d}-{self._planned.plan.shards[index].identity}.json"

    def _own(self, name: str) -> str:
        return f"{self._output}/{OWN_FOLDER}/{name}"


def _identity(data: bytes) -> object:
    try:
        return json.loads(data)["identity"]
    except (ValueError, TypeError, KeyError):
        return None


def part_name(shard: Shard, suffix: str) -> str:
    """Where a shard's answers lie in the output."""
    return f"part-{shard.index:05d}-{shard.identity[:12]}{suffix}"


def dead_letter_name(shard: Shard) -> str:
    """Where a shard's dead letters lie in the output."""
    return f"{OWN_FOLDER}/dead-letters/{shard.index:05d}-{shard.identity[:12]}.jsonl"


@dataclass(frozen=True)
class Totals:
    """Rows and dead letters of several shards."""

    rows_in: int
    rows_out: int
    dead_letters: int
    reasons: dict[str, int]


def totals(done: Iterable[Done]) -> Totals:
    """Of all these shards."""
    found = list(done)
    reasons: Counter[str] = Counter()
    for one in found:
        reasons.update(one.reasons)
    return Totals(
        sum(one.rows_in for one in found),
        sum(one.rows_out for one in found),
        sum(one.dead_letters for one in found),
        dict(sorted(reasons.items())),
    )
