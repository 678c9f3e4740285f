"""Warm requests: windows of calls, each to a fresh process of a function in turn, until the windows agree."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from packager import tools
from packager.benchmark.trace import Call, Traced, traced
from packager.figures import LEAST_RUNS, distribution, histogram, windows_settled
from packager.measurement import Warm
from packager.runtime_api import Function

MOST_TIMES, MOST_S = 10, 20.0
"""No more than so many times the calls that were asked for, and no longer for each function."""
_WINDOWS, _LEAST_IN_WINDOW, _WINDOW_S = 5, 3, 2.0


@dataclass(frozen=True, slots=True)
class Series:
    """All calls of one function, with the median time of each window."""

    calls: list[Call] = field(default_factory=list)
    windows_ms: list[float] = field(default_factory=list)
    engine_ratios: list[float] = field(default_factory=list)
    """The median over each window of a call's time over the engine's own in it."""
    peaks_bytes: list[int] = field(default_factory=list)
    """The most memory of each window's process."""
    threads: list[int] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether the last windows agree."""
        return len(self.calls) >= LEAST_RUNS and windows_settled(self.windows_ms)

    def warm(self) -> Warm:
        """The figures. Throughput is of one request after the other, as Lambda gives them to a process."""
        times = [call.handler_ms for call in self.calls]
        engine = [call.engine_ms for call in self.calls if call.engine_ms is not None]
        trips = [call.round_trip_ms for call in self.calls]
        return Warm(
            latency_ms=distribution(times),
            engine_run_ms=distribution(engine) if engine else None,
            requests_per_s=1000 / statistics.fmean(trips),
            histogram=histogram(times),
            stable=self.settled,
            round_trip_ms=distribution(trips),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A function, and the event to which each answer must be ``expected``."""

    function: Function
    event: bytes
    expected: bytes


def measure(functions: Sequence[Asked], least: int, say: tools.Progress) -> list[Series]:
    """Ask the functions in turn, a window each: at least ``least`` calls, and until all have settled.

    A process is a little faster or slower for its whole life, by where its memory happens to lie: each
    window has a process of its own, so that this shows in the windows, not as a difference of functions.
    """
    found = [Series() for _ in functions]
    size = max(_LEAST_IN_WINDOW, least // _WINDOWS)
    deadline = time.monotonic() + MOST_S * len(functions)
    while True:
        say(f"window {len(found[0].windows_ms) + 1}")
        for function, series in zip(functions, found, strict=True):
            _add(series, function, size)
        fewest = min(len(series.calls) for series in found)
        enough = fewest >= least or time.monotonic() > deadline
        if enough and all(series.settled for series in found):
            return found
        if time.monotonic() > deadline or fewest >= MOST_TIMES * least:
            return found


def _window(running: Traced, asked: Asked, size: int) -> list[Call]:
    until = time.monotonic() + _WINDOW_S
    calls: list[Call] = []
    while len(calls) < size and (len(calls) < _LEAST_IN_WINDOW or time.monotonic() < until):
        calls.append(running.call(asked.event, asked.expected))
    return calls


def _add(series: Series, asked: Asked, size: int) -> None:
    with traced(asked.function) as running:
        running.start(asked.event, asked.expected)
        _window(running, asked, size)  # the first calls find memory, caches and code paths cold
        calls = _window(running, asked, size)
        series.peaks_bytes.append(running.instance.peak_memory_bytes())
        series.threads.append(running.instance.threads())
    series.calls.extend(calls)
    series.windows_ms.append(statistics.median(call.handler_ms for call in calls))
    ratios = [call.handler_ms / call.engine_ms for call in calls if call.engine_ms]
    if ratios:
        series.engine_ratios.append(statistics.median(ratios))
