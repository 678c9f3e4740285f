"""The shards of one process, one after another: a reader, some threads that predict, a writer, a publisher.

The next shard is fetched and read while the last one is written and published. What is under way is bounded
by the slots for blocks, so memory does not grow with a file. Once it ends, every thread leaves soon.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from runtimes.batch import formats
from runtimes.batch.ledger import Done
from runtimes.batch.opened import Opened, Way
from runtimes.batch.shard import ShardOutput
from runtimes.batch.work import Block, Predicted, Shard

_SPARE = 2
"""Blocks under way beyond one for each thread that predicts: one being read, one being written."""
_SLOT_BYTES = 4 << 20
"""A block takes a slot for each of these: few blocks are under way where rows are large."""
_PUBLISHING = 4
"""Shards that are published at the same time: a disk or a store takes its time for each, however small."""
_AHEAD = 4
_AHEAD_BYTES = 64_000_000
"""Shards that are fetched ahead: at least one, and small ones together, for the same reason."""
_WAITING = _PUBLISHING + 1
"""More slots than are ever waited for: each release takes its time."""

_CHECK_S = 1.0


class _EndedError(Exception):
    """The pipeline ends: nobody waits for what a thread is doing."""


@dataclass(frozen=True)
class _Begin:
    shard: Shard
    way: Way


@dataclass(frozen=True)
class _Rows:
    block: Block
    predicted: Future[Predicted]
    slots: int


@dataclass(frozen=True)
class _Finish:
    """After the last block of a shard."""


class Pipeline:
    """Runs shards; what it finished is asked of ``results``."""

    def __init__(self, opened: Opened, threads: int, advanced: Callable[[int], None]) -> None:
        self._opened = opened
        self._advanced = advanced
        self._ended = threading.Event()
        self._most = threads + _SPARE
        self._slots = threading.Semaphore(self._most)
        self._unpublished = threading.Semaphore(_PUBLISHING)
        self._steps: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Done | BaseException | None] = queue.SimpleQueue()
        self._predicting = ThreadPoolExecutor(threads, "predict")
        self._fetching = ThreadPoolExecutor(_AHEAD, "fetch")
        self._publishing = ThreadPoolExecutor(_PUBLISHING, "publish")
        self._threads: list[threading.Thread] = []

    def start(self, shards: Iterable[Shard]) -> None:
        """Begin with the shards."""
        self._begin("read", lambda: self._read(shards))
        self._begin("write", self._write)

    def results(self, check: Callable[[], None] | None = None) -> Iterator[Done]:
        """Each shard's marker as soon as it is there; the first failure is raised."""
        while True:
            try:
                found = self._results.get(timeout=_CHECK_S)
            except queue.Empty:
                if check is not None:
                    check()
                continue
            if isinstance(found, BaseException):
                raise found
            if found is None:
                return
            yield found

    def end(self, wait_s: float) -> None:
        """Let every thread leave, and wait for them as long as this: files that are under way are removed."""
        self._ended.set()
        for pool in (self._predicting, self._fetching, self._publishing):
            pool.shutdown(wait=False, cancel_futures=True)
        self._slots.release(_WAITING)
        self._unpublished.release(_WAITING)
        self._steps.put(None)
        for thread in self._threads:
            thread.join(wait_s)

    def _begin(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guard, args=(run,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guard(self, run: Callable[[], None]) -> None:
        try:
            run()
        except _EndedError:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again where results are asked for
            self._results.put(error)

    def _wait(self, slots: threading.Semaphore) -> None:
        slots.acquire()
        self._go_on()

    def _go_on(self) -> None:
        if self._ended.is_set():
            raise _EndedError

    # The reader's thread.

    def _read(self, shards: Iterable[Shard]) -> None:
        for shard, path, open_file in self._fetched(shards):
            if path is None:
                continue
            with open_file:
                way = self._opened.way(shard)
                self._steps.put(_Begin(shard, way))
                for block in formats.find(shard.file.format).blocks(shard.file, path, shard.cut, way.wanted):
                    slots = min(self._most, 1 + block.batch.nbytes // _SLOT_BYTES)
                    for _ in range(slots):
                        self._wait(self._slots)
                    predicted = self._predicting.submit(way.rows.predict, block.batch)
                    self._steps.put(_Rows(block, predicted, slots))
                    del block, predicted  # it is not held while the next one is read
            self._steps.put(_Finish())
        self._steps.put(None)

    def _fetched(self, shards: Iterable[Shard]) -> Iterator[tuple[Shard, str | None, ExitStack]]:
        """Each shard with a path to read it from; the next ones are fetched meanwhile."""
        waiting: deque[tuple[Shard, Future[tuple[str | None, ExitStack]]]] = deque()
        ahead_bytes = 0
        for shard in shards:
            waiting.append((shard, self._fetching.submit(self._fetch, shard)))
            ahead_bytes += _size_bytes(shard)
            while len(waiting) > _AHEAD or (len(waiting) > 1 and ahead_bytes > _AHEAD_BYTES):
                ahead_bytes -= _size_bytes(waiting[0][0])
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _first(
        self, waiting: deque[tuple[Shard, Future[tuple[str | None, ExitStack]]]]
    ) -> tuple[Shard, str | None, ExitStack]:
        self._go_on()
        shard, fetched = waiting.popleft()
        return shard, *fetched.result()

    def _fetch(self, shard: Shard) -> tuple[str | None, ExitStack]:
        """No path where another process did the shard meanwhile."""
        self._go_on()
        open_file = ExitStack()
        done = self._opened.ledger.find(shard.index)
        if done is not None:
            self._results.put(done)
            return None, open_file
        store = self._opened.stores.of(shard.file.uri)
        return open_file.enter_context(store.local(shard.file, shard.cut.spans)), open_file

    # The writer's thread.

    def _write(self) -> None:
        output: ShardOutput | None = None
        try:
            while (step := self._steps.get()) is not None:
                self._go_on()
                if isinstance(step, _Begin):
                    output = ShardOutput(self._opened, step.shard, step.way)
                elif isinstance(step, _Rows) and output is not None:
                    self._advanced(output.add(step.block, step.predicted.result()))
                    self._slots.release(step.slots)
                elif output is not None:
                    output.close()
                    self._wait(self._unpublished)
                    self._publishing.submit(self._guard, partial(self._publish, output))
                    output = None
            for _ in range(_PUBLISHING):  # all slots are free again when all is published
                self._wait(self._unpublished)
            self._results.put(None)
        finally:
            if output is not None:
                output.abandon()

    def _publish(self, output: ShardOutput) -> None:
        self._go_on()
        self._results.put(output.publish())
        self._unpublished.release()


def _size_bytes(shard: Shard) -> int:
    return sum(length for _, length in shard.cut.spans)
