"""What an output says of its own job: whose it is, which shards are done, and that all of them are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from runtimes.batch import writers
from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.plan import OWN_FOLDER, Planned, canonical
from runtimes.batch.stores import Store, store_of
from runtimes.batch.stores.patterns import visible
from runtimes.batch.work import Shard

SCHEMA_VERSION = 1
_READERS = 16
_LETTERS = "dead-letters"


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
        """JobError when the output belongs to another job, or holds what would be read with the answers."""
        self._check_claim()
        suffix = writers.SUFFIXES[self._planned.plan.job.output_format]
        ours = {part_name(shard, suffix) for shard in self._planned.plan.shards}
        found = (name for name in self._store.sizes(self._output) if visible(name) and name.endswith(suffix))
        if foreign := sorted(name for name in found if name not in ours):
            raise JobError(
                f"the output {self._output} holds {foreign[0]}, which is no part of this job",
                "name an empty output, or remove what others wrote there",
            )

    def _check_claim(self) -> None:
        data = self._store.read(self._own("job.json"))
        if data is not None and _said(data, "identity") != self._planned.identity:
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
            self._check_claim()

    def mark(self, done: Done) -> None:
        """Say that a shard's output is there, whole."""
        self._store.create(self._own(f"done/{self._marker(done.shard)}"), canonical(asdict(done)))

    def indexes(self) -> set[int]:
        """The shards that are done."""
        names = self._store.sizes(self._own("done"))
        return {shard.index for shard in self._planned.plan.shards if self._marker(shard.index) in names}

    def read(self, indexes: Iterable[int]) -> list[Done]:
        """The markers of these shards, where what they say is there."""
        pool = ThreadPoolExecutor(_READERS)
        try:
            return self._whole([done for done in pool.map(self._read, indexes) if done is not None])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever is interrupted does not wait for a store

    def find(self, index: int) -> Done | None:
        """The marker of a shard; None while it is not done, or what it says is gone."""
        done = self._read(index)
        if done is None or self._store.size(f"{self._output}/{done.part}") != done.size_bytes:
            return None
        letters = done.dead_letter_file
        gone = letters is not None and self._store.size(f"{self._output}/{letters}") is None
        return None if gone else done

    def _whole(self, found: list[Done]) -> list[Done]:
        """Those whose files are there: somebody may have removed them, or copied not all."""
        if not found:
            return []
        parts = self._store.sizes(self._output)
        letters = self._store.sizes(self._own(_LETTERS)) if any(one.dead_letter_file for one in found) else {}
        return [
            one
            for one in found
            if parts.get(one.part) == one.size_bytes
            and (one.dead_letter_file is None or one.dead_letter_file.rpartition("/")[2] in letters)
        ]

    def _read(self, index: int) -> Done | None:
        shard = self._planned.plan.shards[index]
        place = self._own(f"done/{self._marker(index)}")
        data = self._store.read(place)
        if data is None:
            return None
        done = _done(data)
        if done is None or (done.shard, done.identity) != (index, shard.identity):
            raise JobError(f"{place} is no marker of its shard", "remove it, and start again")
        return done

    def complete(self, done: Iterable[Done]) -> dict[str, object]:
        """Write the output's manifest, of all shards' markers; what it says. TryAgainError where parts are
        gone."""
        ordered = sorted(self._whole(list(done)), key=lambda one: one.shard)
        if gone := len(self._planned.plan.shards) - len(ordered):
            raise TryAgainError(
                f"{gone} of the parts that were written to {self._output} are gone, or were changed",
                "start the same command again: it writes them anew",
            )
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


def _done(data: bytes) -> Done | None:
    try:
        return Done(**json.loads(data))
    except (ValueError, TypeError):
        return None


def plan_of(data: bytes, output: str) -> str:
    """The digest of the plan that claimed an output first, of the claim."""
    digest = _said(data, "plan")
    if digest is None:
        raise JobError(
            f"{output}/{OWN_FOLDER}/job.json does not say whose the output is",
            "remove it, and start the job again as it was: it writes it",
        )
    return str(digest)


def _said(claim: bytes, name: str) -> object:
    try:
        return json.loads(claim)[name]
    except (ValueError, TypeError, KeyError):
        return None


def part_name(shard: Shard, suffix: str) -> str:
    """Where a shard's answers lie in the output."""
    return f"part-{shard.index:05d}-{shard.identity[:12]}{suffix}"


def dead_letter_name(shard: Shard) -> str:
    """Where a shard's dead letters lie in the output."""
    return f"{OWN_FOLDER}/{_LETTERS}/{shard.index:05d}-{shard.identity[:12]}.jsonl"


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
