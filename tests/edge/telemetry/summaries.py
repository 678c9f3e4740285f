"""Summaries and spools for tests."""

import json
from pathlib import Path
from typing import Any

from edge.telemetry.batches import lines_of
from edge.telemetry.spool import Spool
from edge.telemetry.summary import SCHEMA_VERSION, Counts, write_line


def summary(identifier: str, requests: int = 1, **changes: Any) -> dict[str, Any]:
    """A summary of so many requests of one millisecond each."""
    counts = Counts()
    for _ in range(requests):
        counts.add(1_000_000, 1, None)
    return {
        "schema_version": SCHEMA_VERSION,
        "id": identifier,
        "device": {"name": "gate", "profile": "raspberry-pi-4"},
        "model": {"name": "iris", "version": "1f3a", "number": 7},
        **counts.document(),
        "memory_peak_bytes": 20_000_000,
        "lost": {"dropped": 0, "unwritten": 0},
        **changes,
    }


def fill(folder: Path, count: int, max_bytes: int = 1 << 30, **changes: Any) -> None:
    """Put summaries with the ids run-1, run-2, … into a spool."""
    spool = Spool(str(folder), max_bytes)
    for number in range(1, count + 1):
        document = summary(f"run-{number}", **changes)
        spool.write(str(document["id"]), lambda _, document=document: write_line(document))  # type: ignore[misc]


def spooled(folder: Path) -> list[dict[str, Any]]:
    """Every summary that a spool holds, the oldest first."""
    return [json.loads(line) for line in lines_of(str(folder))]
