"""Telemetry that survives being offline: counts, latencies and errors, never a value of the user's data."""

from __future__ import annotations

from edge.telemetry.recorder import Telemetry

__all__ = ["Telemetry"]
