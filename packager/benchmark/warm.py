"""Warm requests: windows of calls to running functions in turn, until the windows agree."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from packager import tools
from packager.benchmark.figures import LEAST_RUNS, distribution, histogram, windows_settled
from packager.benchmark.trace import Call, Traced
from packager.measurement import Warm

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
class Started:
    """A function that has answered its first event: the next ones find it warm."""

    traced: Traced
    event: bytes
    expected: bytes


def measure(functions: Sequence[Started], least: int, say: tools.Progress) -> list[Series]:
    """Ask the functions in turn, a window each: at least ``least`` calls, and until all have settled."""
    found = [Series() for _ in functions]
    size = max(_LEAST_IN_WINDOW, least // _WINDOWS)
    deadline = time.monotonic() + MOST_S * len(functions)
    say("warming up")
    for function in functions:
        _window(function, size)  # the first calls find memory, caches and code paths cold
    while True:
        for function, series in zip(functions, found, strict=True):
            _add(series, _window(function, size))
        fewest = min(len(series.calls) for series in found)
        enough = fewest >= least or time.monotonic() > deadline
        if enough and all(series.settled for series in found):
            return found
        if time.monotonic() > deadline or fewest >= MOST_TIMES * least:
            return found


def _window(function: Started, size: int) -> list[Call]:
    until = time.monotonic() + _WINDOW_S
    calls: list[Call] = []
    while len(calls) < size and (len(calls) < _LEAST_IN_WINDOW or time.monotonic() < until):
        calls.append(function.traced.call(function.event, function.expected))
    return calls


def _add(series: Series, calls: list[Call]) -> None:
    series.calls.extend(calls)
    series.windows_ms.append(statistics.median(call.handler_ms for call in calls))
    ratios = [call.handler_ms / call.engine_ms for call in calls if call.engine_ms]
    if ratios:
        series.engine_ratios.append(statistics.median(ratios))
