"""What a run came to, as one JSON document: on stdout, and in a file where one was asked for."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from dataclasses import asdict
from typing import Any

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.ledger import totals
from runtimes.batch.plan import Planned
from runtimes.batch.tally import Tally


class Metrics:
    """Begins to count when it is made."""

    def __init__(self, planned: Planned, engine: str, threads: int) -> None:
        self._planned = planned
        self._engine = {"engine": engine, "threads": threads}
        self._started = time.monotonic()

    def document(self, tally: Tally, traffic: dict[str, int], complete: bool) -> dict[str, Any]:
        """Of the shards of this run, also those that an earlier one did."""
        plan, seconds = self._planned.plan, time.monotonic() - self._started
        done = [tally.done[index] for index in tally.mine if index in tally.done]
        found = totals(done)
        return {
            "model": asdict(plan.model),
            "plan": self._planned.uri,
            "output": plan.job.output,
            "complete": complete,
            **asdict(found),
            "shards": {
                "planned": len(plan.shards),
                "mine": len(tally.mine),
                "done_now": len(done) - tally.done_before,
                "done_before": tally.done_before,
            },
            "seconds": round(seconds, 3),
            "rows_per_s": round((found.rows_in - tally.rows_before) / seconds) if seconds else 0,
            "cpu_s": round(_cpu_s(), 3),
            "peak_memory_mb": peak_memory_mb(),
            **traffic,
            **self._engine,
        }


def check_place(file: str) -> None:
    """Refuse a file that could not be written at the end, before anything is done; "" is none."""
    if not file:
        return
    folder = os.path.dirname(os.path.abspath(file))
    if os.path.isdir(file) or not os.path.isdir(folder):
        what = "is a folder" if os.path.isdir(file) else "lies in no folder that is there"
        raise JobError(f"--metrics {file} {what}", "name a file in a folder that exists")
    if not os.access(file if os.path.exists(file) else folder, os.W_OK):
        raise JobError(f"--metrics {file} may not be written", "name another file")


def say(document: dict[str, Any], file: str = "") -> None:
    """Write a document to a file, and print it."""
    text = json.dumps(document, ensure_ascii=False)
    place = file
    try:
        if file:
            with open(file, "w", encoding="utf-8") as written:
                written.write(text + "\n")
        place = "standard output"
        print(text, flush=True)
    except OSError as error:
        what = "all is done, but" if document.get("complete") else "what was asked for is done, but"
        raise TryAgainError(
            f"{what} {place} does not take what came of it: {error.strerror or error}",
            "the same command says it again",
        ) from None


def peak_memory_mb() -> float:
    """The most that this process had in memory: of itself alone, not of what started it."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            (line,) = (line for line in file if line.startswith("VmHWM:"))
        return round(int(line.split()[1]) * 1024 / 1e6, 1)
    except (OSError, ValueError):
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(size * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
