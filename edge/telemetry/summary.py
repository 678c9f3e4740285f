"""A summary: what was asked of a model in one interval, as counts. Summaries of the same subject add up."""

from __future__ import annotations

import json

from edge.telemetry.sketch import Sketch, read_sketch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA_VERSION = 1
MOST_CODES = 32
OTHER = "other"


class Counts:
    """Requests, rows, errors by code, and latencies. Not safe from several threads: its owner has a lock."""

    __slots__ = ("errors", "latency", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.errors: dict[str, int] = {}
        self.latency = Sketch()

    @property
    def requests(self) -> int:
        """All of them: each has a latency."""
        return self.latency.count

    def add(self, latency_ns: int, rows: int, code: str | None) -> None:
        """Count one request."""
        self.latency.add(latency_ns)
        self.rows += rows
        if code:
            self.add_error(code, 1)

    def merge(self, other: Counts) -> None:
        """Count all of another's requests too."""
        self.latency.merge(other.latency)
        self.rows += other.rows
        for code, count in other.errors.items():
            self.add_error(code, count)

    def document(self) -> dict[str, object]:
        """As it stands in a summary."""
        return {
            "requests": self.requests,
            "rows": self.rows,
            "errors": self.errors,
            "latency": self.latency.document(),
        }

    def add_error(self, code: str, count: int) -> None:
        """Count errors by code: of codes there are few, whatever a program makes up."""
        if code not in self.errors and len(self.errors) >= MOST_CODES:
            code = OTHER
        self.errors[code] = self.errors.get(code, 0) + count


def read_counts(document: dict[str, Any]) -> Counts:
    """The counts of a summary; ValueError where it has none."""
    counts = Counts()
    latency, errors = document.get("latency"), document.get("errors")
    if not isinstance(latency, dict) or not isinstance(errors, dict):
        raise ValueError("it has no latency or no errors")
    counts.latency = read_sketch(latency)
    counts.rows = _whole(document, "rows")
    counts.errors = {str(code): _whole(errors, code) for code in errors}
    if _whole(document, "requests") != counts.requests:
        raise ValueError("its requests are not as many as its latencies")
    return counts


def read_summary(line: bytes) -> dict[str, Any]:
    """One line as a summary whose counts are whole; ValueError says what is wrong."""
    document = json.loads(line)
    if not isinstance(document, dict) or document.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"it is no summary of schema {SCHEMA_VERSION}")
    read_counts(document)
    return document


def write_line(document: dict[str, object]) -> bytes:
    """A summary as one line."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True, allow_nan=False).encode() + b"\n"


def merged(summaries: list[dict[str, Any]]) -> list[dict[str, object]]:
    """One summary for each device, model and version: counts added up, memory's peak the highest."""
    found: dict[str, list[dict[str, Any]]] = {}
    for summary in summaries:
        subject = json.dumps([summary.get("device"), summary.get("model")], sort_keys=True)
        found.setdefault(subject, []).append(summary)
    return [_merge(group) for _, group in sorted(found.items())]


def _merge(group: list[dict[str, Any]]) -> dict[str, object]:
    counts = Counts()
    for summary in group:
        counts.merge(read_counts(summary))
    dropped = sum([_whole(summary.get("lost", {}), "dropped") for summary in group])
    unwritten = sum([_whole(summary.get("lost", {}), "unwritten") for summary in group])
    peaks = [summary.get("memory_peak_bytes") for summary in group]
    return {
        "schema_version": SCHEMA_VERSION,
        "device": group[0].get("device"),
        "model": group[0].get("model"),
        "summaries": sum([summary.get("summaries", 1) for summary in group]),
        **counts.document(),
        "memory_peak_bytes": max([peak for peak in peaks if isinstance(peak, int)], default=None),
        "lost": {"dropped": dropped, "unwritten": unwritten},
    }


def _whole(document: dict[str, Any], key: str) -> int:
    value = document.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"its {key} is {str(value)[:60]}, which is no count")
    return value
