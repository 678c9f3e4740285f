"""Merged summaries as a table for people."""

from __future__ import annotations

from edge.telemetry.summary import read_counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEAD = ("device", "model", "requests", "rows", "errors", "p50", "p95", "p99", "longest", "memory", "lost")
_LEFT = 2


def table(summaries: list[dict[str, Any]]) -> str:
    """A line for each device and model; beneath it, errors by their code."""
    if not summaries:
        return "no telemetry\n"
    rows = [_HEAD, *(_row(summary) for summary in summaries)]
    widths = [max([len(row[column]) for row in rows]) for column in range(len(_HEAD))]
    lines = [
        "  ".join(
            text.ljust(width) if column < _LEFT else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
    for summary in summaries:
        counts = sorted(summary["errors"].items(), key=lambda one: (-one[1], one[0]))
        if counts:
            told = ", ".join([f"{code} {count}" for code, count in counts])
            lines.append(f"errors of {_device(summary)}, {_model(summary)}: {told}")
    return "\n".join(lines) + "\n"


def _row(summary: dict[str, Any]) -> tuple[str, ...]:
    counts, lost = read_counts(summary), summary["lost"]
    latency, peak = counts.latency, summary["memory_peak_bytes"]
    return (
        _device(summary),
        _model(summary),
        str(counts.requests),
        str(counts.rows),
        str(sum(counts.errors.values())),
        *(_ms(latency.quantile_ns(share)) for share in (0.5, 0.95, 0.99)),
        _ms(latency.largest_ns),
        f"{peak / 1e6:.1f} MB" if peak else "-",
        str(lost["dropped"]),
    )


def _device(summary: dict[str, Any]) -> str:
    return str((summary["device"] or {}).get("name"))


def _model(summary: dict[str, Any]) -> str:
    model = summary["model"] or {}
    number = f" (release {model['number']})" if model.get("number") else ""
    return f"{model.get('name')} {model.get('version')}{number}"


def _ms(value_ns: float | None) -> str:
    return "-" if value_ns is None else f"{value_ns / 1e6:.3g} ms"
